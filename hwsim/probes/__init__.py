"""Probes: every u, v and spike of chosen populations and samples, as a file."""
