"""How many matches are played: serially or in a pool of processes. Results never depend on which.

A module here that has an ``EXECUTORS`` mapping of names to executor classes registers them by being there.
"""
