"""Lava as the judge: the same chip file in Intel's own emulator, in an isolated environment."""
