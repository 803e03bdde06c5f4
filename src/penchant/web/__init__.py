"""The engine over HTTP: a JSON API, a console for people, and probes for machines. No rule of ranking lives here."""
