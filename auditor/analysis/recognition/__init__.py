"""What software a workload is, with the evidence."""
