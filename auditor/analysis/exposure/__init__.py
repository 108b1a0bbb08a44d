"""Doors into a cluster, who can reach them, and the way to what answers behind."""
