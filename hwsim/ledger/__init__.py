"""The ledger: what each transformation, from trained network to chip, does to accuracy and spikes."""
