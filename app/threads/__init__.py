"""Threads: who runs, how many at a time, and in which order."""
