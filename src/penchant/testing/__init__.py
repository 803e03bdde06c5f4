"""The promises of every protocol as test suites: for the project's own implementations and for plug-in authors."""
