"""Who can talk to whom. For now: which policies isolate a workload for ingress."""
