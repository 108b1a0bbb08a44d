"""Documented settings by subject, and how a configuration file becomes them."""
