"""Encodings: what a network sees of a sample at each step. One file and one line each."""

from trainers.encodings.delta import DELTA
from trainers.encodings.direct import DIRECT
from trainers.encodings.encoding import Encoding, EncodingOptions
from trainers.encodings.latency import LATENCY
from trainers.encodings.rate import RATE

__all__ = ["ENCODINGS", "Encoding", "EncodingOptions"]

ENCODINGS: dict[str, Encoding] = {
    "direct": DIRECT,
    "rate": RATE,
    "latency": LATENCY,
    "delta": DELTA,
}
