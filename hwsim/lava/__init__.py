"""Lava as the judge: the same chip.net through Intel's own emulator, in an isolated environment."""
