"""Benchmarks: `make bench` prints what each measured in this one run."""
