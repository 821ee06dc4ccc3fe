"""Benchmarks: what prdgen takes, beside what its peers take in the same run."""
