"""Tests of the store, over SQLite and a real PostgreSQL."""
