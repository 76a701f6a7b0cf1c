"""What the network would cost elsewhere: as an ANN, on other devices, under other rules."""
