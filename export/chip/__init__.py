"""The chip graph: populations and projections in the chip's own integers."""
