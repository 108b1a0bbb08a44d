"""Tests that need programs beyond Python; `make e2e` runs them."""
