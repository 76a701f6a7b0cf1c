"""Energy and time of one inference on a chip, every term apart, with what they rest on."""
