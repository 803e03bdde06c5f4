"""From a log to a release: experts before a cut, replayed rows after it, a ranker on those, and the experts again."""
