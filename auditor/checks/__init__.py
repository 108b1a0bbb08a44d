"""The check catalogue: a folder a check, found by walking this package."""
