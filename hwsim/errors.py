"""Errors of simulating, costing and verifying; see `trainers.errors` for the form of a message."""

from trainers.errors import SpikeportError


class SimulationError(SpikeportError):
    """A network can't be simulated as asked: wrong input, unsupported graph, inexact sum."""


class LavaError(SpikeportError):
    """The isolated Lava environment is missing, broken, or its run failed or timed out."""


class AccuracyDrop(SpikeportError):
    """An export loses more accuracy on the calibration split than `max_drop` allows."""

    exit_code = 3


class ChipError(SpikeportError):
    """A chip description is unknown, damaged, or the network doesn't fit the chip."""


class SweepError(SpikeportError):
    """A sweep can't go on as asked: its stored points are of another run, or it is taken."""


class VerificationError(SpikeportError):
    """A run can't be verified: files are missing or don't belong together."""


class NotInstalled(VerificationError):
    """A runtime to verify against isn't there; its row says so and the others go on."""


class RuntimeRefused(VerificationError):
    """A runtime to verify against can't import or run this network; its row says so."""


class DrawingError(SpikeportError):
    """A graph can't be drawn: a tool for it isn't there, or it isn't one that can be."""
