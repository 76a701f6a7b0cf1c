"""The network on the chip's integers as one torch module, without balancing.

Its populations are those of `Quantization.synchronous`: a spike of step t counts at step t in every
later population, and the balanced chip graph fires the same.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from export.chip.graph import HostEncoder, InputForm
from export.qat.afference import Afference
from export.qat.chip_lif import ChipLIF
from export.qat.chip_readout import ReadoutPopulation
from export.qat.host import HostAfference
from export.qat.senders import SENDERS
from export.qat.signals import Signal


class IntegerBody(nn.Module):
    """Takes samples [T*B, ...], returns currents [T*B, classes]; layers are named as NIR nodes.

    Args:
        source: name of the input.
        form: how it enters.
        host: what the host does to it.
        static: each step has the same input.
        time_steps: T.
    """

    def __init__(
        self,
        source: str,
        form: InputForm,
        host: HostEncoder | None,
        *,
        static: bool,
        time_steps: int,
    ) -> None:
        super().__init__()
        self.source = source
        self.form = form
        self.host = host
        self.static = static
        self.time_steps = time_steps
        self.afferences = nn.ModuleDict()
        self.order: tuple[str, ...] = ()

    def add(
        self, name: str, afference: Afference | HostAfference, neurons: ChipLIF | ReadoutPopulation
    ) -> None:
        """Appends a population with what feeds it; the readout comes last."""
        self.afferences[name] = afference
        self.add_module(name, neurons)
        self.order = (*self.order, name)

    def populations(self) -> Iterable[tuple[str, Afference | HostAfference]]:
        """Names and what feeds them, in computing order."""
        for name in self.order:
            afference = self.afferences[name]
            if isinstance(afference, Afference | HostAfference):
                yield name, afference

    def forward(self, samples: Tensor) -> Tensor:
        """Output currents of every step.

        Raises:
            DataError: input form `spikes`, and a sample holds something else.
            LimitExceeded: a synaptic sum could leave 24 bits.
        """
        rows = samples.unflatten(0, (self.time_steps, -1))[0] if self.static else samples
        signals = {self.source: Signal(SENDERS[self.form](rows, self.host), self.static)}
        outputs = samples
        for name, afference in self.populations():
            drive = afference(signals)
            outputs = self.get_submodule(name)(drive.values, constant=drive.constant)
            signals[name] = Signal(outputs)
        return outputs
