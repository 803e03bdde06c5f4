"""Where items, the log, people's state and releases are kept: one port each, an adapter per kind of storage.

`open` picks the adapter by the scheme of a URL; nothing outside this package knows a store's name.
"""
