"""A scriptable fleet of simulated Kubernetes API servers, for demo, tests and benchmarks."""
