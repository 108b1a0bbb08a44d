"""Reads one live cluster through its API server: GET and SelfSubject reviews, nothing else."""
