"""Spiking neurons: one LIF layer whose threshold rule and surrogate gradient a method chooses."""
