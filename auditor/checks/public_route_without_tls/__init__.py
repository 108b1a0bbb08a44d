"""Public route without TLS."""
