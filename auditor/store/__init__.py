"""Remembers audits: SQLite by default, PostgreSQL in production, one schema."""
