"""Tests; they mirror the floors."""
