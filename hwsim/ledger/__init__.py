"""The ledger: what each transformation on the way to the chip does to accuracy and spikes."""
