"""Exposure Auditor: what the internet can reach of many Kubernetes clusters, with proof."""

__version__ = "0.1.0"
