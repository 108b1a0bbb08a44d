"""audit() and audit_fleet(): pure functions from what was read to what it means."""
