"""Reads one cluster: from files, or from its API server."""
