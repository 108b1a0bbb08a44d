"""The data files of facts."""
