"""Random networks of other tools, each written by the tool and run by it, layer by layer.

What a tool can't write, and so isn't here:

| tool | can't write |
|---|---|
| Norse 1.1.0 | recurrent cells (their node is None), pooling and Flatten (None), scalars (HDF5) |
| snnTorch 1.0.0 | recurrent convolutions (a neuron without space), max pooling |
| SpikingJelly 2.0.0 | recurrent layers, soft reset, grouped convolutions (all refused by name) |
"""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

STEPS, SAMPLES = 25, 4


@dataclass
class Written:
    """A network as its tool wrote and ran it.

    Args:
        inputs: [N, T, *shape], spikes.
        spikes: per node of the imported graph, [T, N, *shape].
        dt_s: step it was written with.
    """

    inputs: NDArray[np.float32]
    spikes: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    dt_s: float | None = None


Make = Callable[[int, Path], Written]


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the tools' warnings and prints away."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def norse_dense(seed: int, path: Path) -> Written:
    """Linear, LIFBoxCell, Linear, LIFCell (a synapse), of random time constants."""
    return _norse(seed, path, (14,), _norse_dense)


def norse_conv(seed: int, path: Path) -> Written:
    """Conv2d, IAFCell, Conv2d with stride, LIFBoxCell."""
    return _norse(seed, path, (2, 7, 6), _norse_conv)


def _norse_dense(draw: "Draw") -> list[nn.Module]:
    import norse.torch as norse

    box = norse.LIFBoxParameters(
        tau_mem_inv=draw.full((20,), 80, 400),
        v_th=draw.full((20,), 0.1, 0.4),
        v_leak=draw.full((20,), -0.1, 0.1),
    )
    cell = norse.LIFParameters(
        tau_mem_inv=draw.each((9,), 80, 400),
        tau_syn_inv=draw.each((9,), 100, 500),
        v_th=draw.each((9,), 0.05, 0.2),
        v_leak=torch.zeros(9),
    )
    return [nn.Linear(14, 20), norse.LIFBoxCell(box), nn.Linear(20, 9), norse.LIFCell(cell)]


def _norse_conv(draw: "Draw") -> list[nn.Module]:
    import norse.torch as norse

    integrate = norse.IAFParameters(v_th=draw.full((3, 7, 6), 0.4, 1.2))
    box = norse.LIFBoxParameters(
        tau_mem_inv=draw.full((4, 3, 2), 80, 400),
        v_th=draw.full((4, 3, 2), 0.02, 0.2),
        v_leak=torch.zeros(4, 3, 2),
    )
    return [
        nn.Conv2d(2, 3, 3, padding=1),
        norse.IAFCell(integrate),
        nn.Conv2d(3, 4, 3, stride=2),
        norse.LIFBoxCell(box),
    ]


def _norse(
    seed: int, path: Path, shape: tuple[int, ...], layers: "Callable[[Draw], list[nn.Module]]"
) -> Written:
    with quiet():
        import norse.torch as norse
        from norse.torch.utils.export_nir import to_nir

        draw = Draw(seed)
        module = norse.SequentialState(*layers(draw))
        _enlarge(module)
        # Its convolutions get their shapes from a sample without batch only.
        batch = () if len(shape) == 3 else (1,)
        graph = to_nir(module, torch.zeros(*batch, *shape))
        if not batch:
            graph.infer_types()
        nir.write(path, graph)
        inputs, state = draw.spikes(shape), None
        written = Written(inputs.swapaxes(0, 1).numpy())
        seen = Seen({"1": module[1], "3": module[3]})
        with torch.no_grad():
            for frame in inputs:
                _, state = module(frame, state)
    written.spikes = seen.stacked()
    return written


def snntorch_dense(seed: int, path: Path) -> Written:
    """Linear, Leaky, Linear without bias, Synaptic, in snnTorch's default reset."""
    from snntorch import Leaky, Synaptic

    draw = Draw(seed)
    leaky = Leaky(
        beta=draw.each((20,), 0.5, 0.98), threshold=draw.full((20,), 0.3, 0.8), init_hidden=True
    )
    synaptic = Synaptic(
        alpha=draw.full((9,), 0.3, 0.9),
        beta=draw.full((9,), 0.5, 0.98),
        threshold=draw.full((9,), 0.3, 1.5),
        init_hidden=True,
    )
    layers = [nn.Linear(14, 20), leaky, nn.Linear(20, 9, bias=False), synaptic]
    return _snntorch(draw, path, (14,), layers, {"1": leaky, "3": synaptic})


def snntorch_conv(seed: int, path: Path) -> Written:
    """Conv2d, Leaky, AvgPool2d, Flatten, Linear, Leaky."""
    from snntorch import Leaky

    draw = Draw(seed)
    first = Leaky(
        beta=draw.full((3, 8, 6), 0.5, 0.98),
        threshold=draw.full((3, 8, 6), 0.3, 0.9),
        init_hidden=True,
    )
    second = Leaky(
        beta=draw.full((9,), 0.5, 0.98), threshold=draw.full((9,), 0.1, 0.4), init_hidden=True
    )
    layers = [
        nn.Conv2d(2, 3, 3, padding=1),
        first,
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 9),
        second,
    ]
    return _snntorch(draw, path, (2, 8, 6), layers, {"1": first, "5": second})


def snntorch_recurrent(seed: int, path: Path) -> Written:
    """Linear, RLeaky, Linear, RSynaptic, whose recurrent weights have biases."""
    from snntorch import RLeaky, RSynaptic

    draw = Draw(seed)
    leaky = RLeaky(
        beta=draw.full((20,), 0.5, 0.98),
        threshold=draw.full((20,), 0.4, 0.9),
        linear_features=20,
        init_hidden=True,
    )
    synaptic = RSynaptic(
        alpha=draw.full((9,), 0.3, 0.9),
        beta=draw.full((9,), 0.5, 0.95),
        threshold=draw.full((9,), 0.6, 1.5),
        linear_features=9,
        init_hidden=True,
    )
    layers = [nn.Linear(14, 20), leaky, nn.Linear(20, 9), synaptic]
    return _snntorch(draw, path, (14,), layers, {"1.lif": leaky, "3.lif": synaptic})


def _snntorch(
    draw: "Draw",
    path: Path,
    shape: tuple[int, ...],
    layers: list[nn.Module],
    neurons: dict[str, nn.Module],
) -> Written:
    with quiet():
        from snntorch.export_nir import export_to_nir

        module = nn.Sequential(*layers)
        _enlarge(module)
        graph = export_to_nir(module, torch.zeros(1, *shape), ignore_dims=[0])
        nir.write(path, graph)
        for neuron in neurons.values():
            neuron.reset_mem()  # type: ignore[operator]
        inputs = draw.spikes(shape)
        written = Written(inputs.swapaxes(0, 1).numpy())
        seen = Seen(neurons)
        with torch.no_grad():
            for frame in inputs:
                module(frame)
    written.spikes = seen.stacked()
    return written


def spikingjelly_dense(seed: int, path: Path) -> Written:
    """Linear, LIFNode with or without decayed input, Linear without bias, CUBALIFNode."""
    with quiet():
        from spikingjelly.activation_based import layer, neuron

    draw = Draw(seed)
    first = neuron.LIFNode(
        tau=draw.number(1.5, 8), decay_input=bool(seed % 2), v_threshold=draw.number(0.05, 0.2)
    )
    second = neuron.CUBALIFNode(
        c_decay=draw.number(0.2, 0.8),
        v_decay=draw.number(0.3, 0.95),
        v_threshold=draw.number(0.2, 0.8),
    )
    layers = [layer.Linear(14, 20), first, layer.Linear(20, 9, bias=False), second]
    return _spikingjelly(draw, path, (14,), layers, {"_1": first, "_3": second})


def spikingjelly_conv(seed: int, path: Path) -> Written:
    """Conv2d, IFNode, AvgPool2d, Conv2d, LIFNode, Flatten, Linear, IFNode."""
    with quiet():
        from spikingjelly.activation_based import layer, neuron

    draw = Draw(seed)
    first = neuron.IFNode(v_threshold=draw.number(0.3, 1))
    second = neuron.LIFNode(tau=draw.number(1.5, 8), v_threshold=draw.number(0.01, 0.1))
    third = neuron.IFNode(v_threshold=draw.number(0.2, 1))
    layers = [
        layer.Conv2d(2, 3, 3, padding=1),
        first,
        layer.AvgPool2d(2),
        layer.Conv2d(3, 4, 2, stride=1, bias=False),
        second,
        layer.Flatten(),
        layer.Linear(24, 9),
        third,
    ]
    return _spikingjelly(draw, path, (2, 8, 6), layers, {"_1": first, "_4": second, "_7": third})


def _spikingjelly(
    draw: "Draw",
    path: Path,
    shape: tuple[int, ...],
    layers: list[nn.Module],
    neurons: dict[str, nn.Module],
) -> Written:
    with quiet():
        from spikingjelly.activation_based import functional
        from spikingjelly.activation_based.nir_exchange import export_to_nir

        module = nn.Sequential(*layers)
        _enlarge(module)
        dt_s = draw.number(1e-4, 2e-3)
        nir.write(path, export_to_nir(module, torch.zeros(1, *shape), dt=dt_s))
        functional.reset_net(module)
        inputs = draw.spikes(shape)
        written = Written(inputs.swapaxes(0, 1).numpy(), dt_s=dt_s)
        seen = Seen(neurons)
        with torch.no_grad():
            for frame in inputs:
                module(frame)
    written.spikes = seen.stacked()
    return written


def _enlarge(module: nn.Module) -> None:
    """Weights that make every layer fire; torch's own are too small for these neurons."""
    for part in module:  # type: ignore[attr-defined]
        if isinstance(part, nn.Linear | nn.Conv2d):
            part.weight.data *= 2.5


class Draw:
    """Random numbers of one seed, torch's weights included."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self._rng = np.random.default_rng(seed)

    def number(self, low: float, high: float) -> float:
        """One number."""
        return float(self._rng.uniform(low, high))

    def full(self, shape: tuple[int, ...], low: float, high: float) -> Tensor:
        """One number for all."""
        return torch.full(shape, self.number(low, high))

    def each(self, shape: tuple[int, ...], low: float, high: float) -> Tensor:
        """One number for each."""
        return torch.from_numpy(self._rng.uniform(low, high, shape).astype(np.float32))

    def spikes(self, shape: tuple[int, ...]) -> Tensor:
        """Input [T, N, *shape]."""
        drawn = self._rng.random((STEPS, SAMPLES, *shape)) < 0.4
        return torch.from_numpy(drawn.astype(np.float32))


class Seen:
    """What modules put out, step after step."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self._outputs: dict[str, list[Tensor]] = {name: [] for name in modules}
        for name, module in modules.items():
            module.register_forward_hook(self._hook(name))

    def stacked(self) -> dict[str, NDArray[np.float64]]:
        """Per module, [T, N, *shape]."""
        return {
            name: torch.stack(outputs).double().numpy() for name, outputs in self._outputs.items()
        }

    def _hook(self, name: str) -> Callable[[nn.Module, object, object], None]:
        def keep(module: nn.Module, inputs: object, output: object) -> None:
            del module, inputs
            spikes = output[0] if isinstance(output, tuple) else output
            assert isinstance(spikes, Tensor)
            self._outputs[name].append(spikes.detach())

        return keep


KINDS: dict[tuple[str, str], Make] = {
    ("norse", "dense"): norse_dense,
    ("norse", "conv"): norse_conv,
    ("snntorch", "dense"): snntorch_dense,
    ("snntorch", "conv"): snntorch_conv,
    ("snntorch", "recurrent"): snntorch_recurrent,
    ("spikingjelly", "dense"): spikingjelly_dense,
    ("spikingjelly", "conv"): spikingjelly_conv,
}
"""(value of --assume, kind) -> maker of networks."""
