"""The check catalogue over its fixtures."""
