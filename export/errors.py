"""Errors of freezing, quantising and writing; see `trainers.errors` for the form of a message."""

from trainers.errors import SpikeportError


class UnsupportedLayer(SpikeportError):
    """A layer has no equivalent in the frozen network or in the target format."""


class InvalidGraph(SpikeportError):
    """A graph contradicts itself: a missing node, a wrong shape, a weight that isn't finite."""


class LimitExceeded(SpikeportError):
    """A value lies outside the range the chip or the file format holds."""


class AmbiguousGraph(SpikeportError):
    """A file can mean more than one network; the message names the options that decide."""
