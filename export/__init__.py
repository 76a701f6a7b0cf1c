"""From a trained network to files that other tools and the chip run unchanged."""
