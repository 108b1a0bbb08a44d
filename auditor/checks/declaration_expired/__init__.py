"""One check; see its `check` module."""
