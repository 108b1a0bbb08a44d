"""Reads one cluster: from files for now."""
