"""Benchmarks: comparisons within one run, never time limits."""
