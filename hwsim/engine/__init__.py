"""The chip emulator: exact integers, whole batches, counted events."""
