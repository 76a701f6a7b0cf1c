"""Placement: populations cut into blocks, one per core, within the limits of the chip."""
