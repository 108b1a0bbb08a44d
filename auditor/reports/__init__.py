"""Shows an audit: nothing here computes a verdict."""
