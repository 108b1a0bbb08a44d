"""Recommending NetworkPolicies: what workloads need, the policies that leave it, what these do."""
