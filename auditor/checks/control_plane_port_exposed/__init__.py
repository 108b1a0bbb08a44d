"""Control plane port exposed."""
