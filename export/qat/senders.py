"""What the external input sends in each input form, and how large it can be."""

from collections.abc import Callable

from torch import Tensor

from export.chip.graph import HostEncoder, InputForm
from export.errors import InvalidGraph
from trainers.errors import DataError

Sender = Callable[[Tensor, HostEncoder | None], Tensor]


def _samples(samples: Tensor, host: HostEncoder | None) -> Tensor:
    """As they are: the host computes on them."""
    del host
    return samples


def _spikes(samples: Tensor, host: HostEncoder | None) -> Tensor:
    del host
    if not ((samples == 0) | (samples == 1)).all():
        raise DataError(
            "input form 'spikes': a sample holds a value other than 0 and 1. Choose "
            "export.input_form bias or graded, or an encoding into spikes."
        )
    return samples


def _payloads(samples: Tensor, host: HostEncoder | None) -> Tensor:
    scale, lowest, highest = _range(host)
    return (samples.double() * scale).round_().clamp_(lowest, highest).float()


def reach(form: InputForm, host: HostEncoder | None) -> float:
    """The largest |value| that the input sends."""
    if form != "graded":
        return 1.0
    _, lowest, highest = _range(host)
    return float(max(-lowest, highest))


def _range(host: HostEncoder | None) -> tuple[float, int, int]:
    if host is None:
        raise InvalidGraph(
            "chip graph: it takes payloads and names no host encoder to say their scale. Quantise "
            "the network again."
        )
    return host.scale, host.lowest, host.highest


SENDERS: dict[InputForm, Sender] = {
    "bias": _samples,
    "spikes": _spikes,
    "graded": _payloads,
}
"""What each input form makes of samples [N, ...]."""
