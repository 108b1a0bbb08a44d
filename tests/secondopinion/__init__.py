"""Held against other analysers, where they are installed: `make second-opinion`."""
