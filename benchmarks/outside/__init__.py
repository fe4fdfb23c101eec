"""Learners of others, on our Gymnasium environment: what our own is measured against. Not benchmarks themselves."""
