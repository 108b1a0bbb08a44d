"""What can go wrong with the store, each with what to do about it.

StoreError
├── StoreBusyError      another process writes this SQLite database
├── SchemaError         the database is older or newer than this version, or no database of ours
├── OutsideRetentionError   what is asked or told is older than what is kept
└── StoreUnavailableError   it cannot be opened, read or written
"""


class StoreError(Exception):
    """The store cannot be used; the message says what to do."""


class StoreBusyError(StoreError):
    """Another process writes this SQLite database."""


class SchemaError(StoreError):
    """The database's schema is not the one that this version works with."""


class OutsideRetentionError(StoreError):
    """What is asked or told is older than what `db prune` kept."""


class StoreUnavailableError(StoreError):
    """The database cannot be opened, read or written."""
