"""The migrations of the store, by Alembic; the wheel carries them inside the auditor package."""
