"""Tenant and risk level of every namespace, and of the cluster."""
