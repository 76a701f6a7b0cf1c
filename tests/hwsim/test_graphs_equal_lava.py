"""The emulator equals live Lava on graphs that netx can't hold, built from Lava's processes.

Skip connections, delayed convolutions, loops, several readouts; and netx files whose spikes would
outlast netx's own resets. All run isolated, in one call. A case only counts if its networks live.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from numpy.typing import ArrayLike

from export.chip.check_graph import conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    InputForm,
    IntArray,
    Population,
    Projection,
    Readout,
)
from export.chip.limits import THRESHOLD_MANT_MAX
from export.chip.netx_write import write_netx
from hwsim.engine.drive import ResetRule
from hwsim.engine.simulate import simulate
from hwsim.lava.chip_job import file_job, graph_job
from hwsim.lava.compare import compare
from hwsim.lava.environment import require_lava
from hwsim.lava.job import LavaJob, LavaRun
from hwsim.lava.runner import run_lava_jobs
from tests.chip_oracle import conv_connections
from tests.random_chip_graphs import Chain, integers

LIVELY = (0.02, 0.60)


@dataclass
class Net:
    """A graph in the making: populations in order, and projections between any of them."""

    seed: int
    form: InputForm
    shape: tuple[int, ...]
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def neurons(
        self, name: str, shape: tuple[int, ...], threshold: ArrayLike, *,
        decay_u: ArrayLike = 4096, decay_v: ArrayLike = 400, bias: ArrayLike = 0,
    ) -> Self:  # fmt: skip
        """A population."""
        fields = (decay_u, decay_v, threshold, bias)
        self.populations.append(Population(name, shape, *(integers(f) for f in fields)))
        return self

    def conv(
        self, source: str, target: str, kernel: tuple[int, int], *, delay: int = 0,
        weights: tuple[int, int] = (-40, 60), stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0), groups: int = 1,
    ) -> Self:  # fmt: skip
        """A convolution between populations that exist."""
        outputs, inputs = self._shape(target)[0], self._shape(source)[0] // groups
        weight = integers(self.rng.integers(*weights, (outputs, inputs, *kernel)))
        projection = ConvProjection(
            source, target, weight, stride=stride, padding=padding, groups=groups, delay=delay
        )
        assert conv_output_shape(projection, self._shape(source)) == self._shape(target)
        self.projections.append(projection)
        return self

    def dense(
        self, source: str, target: str, *, weights: tuple[int, int] = (-40, 60),
        delay: ArrayLike | None = None,
    ) -> Self:  # fmt: skip
        """All-to-all synapses between populations that exist."""
        shape = int(np.prod(self._shape(target))), int(np.prod(self._shape(source)))
        weight = integers(self.rng.integers(*weights, shape))
        steps = None if delay is None else integers(np.broadcast_to(delay, shape))
        self.projections.append(DenseProjection(source, target, weight, steps))
        return self

    def readout(self, name: str, source: str, classes: int) -> Self:
        """A population that neither leaks nor fires."""
        self.neurons(name, (classes,), THRESHOLD_MANT_MAX, decay_v=0)
        return self.dense(source, name, weights=(-60, 61))

    def graph(self, time_steps: int | None = None) -> ChipGraph:
        """The network."""
        silent = [p.name for p in self.populations if (p.threshold == THRESHOLD_MANT_MAX).all()]
        return ChipGraph(
            ChipInput("input", self.form, self.shape), tuple(self.populations),
            tuple(self.projections), time_steps, tuple(Readout(name, 1.0) for name in silent),
        )  # fmt: skip

    def _shape(self, name: str) -> tuple[int, ...]:
        shapes = {population.name: population.shape for population in self.populations}
        return shapes.get(name, self.shape)


@dataclass(frozen=True)
class Case:
    """A network, its inputs, and what keeps its samples apart."""

    graph: ChipGraph
    inputs: IntArray
    reset: ResetRule = "staggered"
    steps: int | None = None
    as_netx: bool = False

    def job(self, folder: Path, name: str) -> LavaJob:
        """What Lava runs."""
        if not self.as_netx:
            return graph_job(self.graph, self.inputs, reset=self.reset, steps=self.steps)
        path = folder / f"{name}.net"
        write_netx(self.graph, path)
        return file_job(path, self.graph, self.inputs, reset=self.reset, steps=self.steps)


def spikes(seed: int, *shape: int, rate: float = 0.3) -> IntArray:
    """Binary spikes [N, T, ...]."""
    return integers(np.random.default_rng(seed).random(shape) < rate)


def biases(seed: int, *shape: int) -> IntArray:
    """Bias mantissas for N samples."""
    return integers(np.random.default_rng(seed).integers(-600, 2400, shape))


def residual_blocks() -> Case:
    """Spikes of a block's input are added to its output's currents, as SEW-ADD blocks do."""
    net = Net(1, "bias", (4, 6, 5)).neurons("input", (4, 6, 5), 1500)
    for k, source in enumerate(("input", "sum0")):
        net.neurons(f"inner{k}", (4, 6, 5), 250, bias=10 * k)
        net.neurons(f"sum{k}", (4, 6, 5), 260, decay_u=3000)
        net.conv(source, f"inner{k}", (3, 3), padding=(1, 1))
        net.conv(f"inner{k}", f"sum{k}", (3, 3), padding=(1, 1))
        net.conv(source, f"sum{k}", (1, 1), delay=1, groups=4, weights=(90, 200))
    return Case(net.readout("out", "sum1", 5).graph(5), biases(2, 6, 4, 6, 5))


def delayed_convolutions() -> Case:
    """Delays of 1 and 5 steps with stride and padding, from spikes and from a population."""
    net = Net(3, "spikes", (2, 7, 6)).neurons("a", (4, 7, 6), 220).neurons("b", (3, 4, 3), 220)
    net.neurons("c", (5, 2, 2), 200)
    net.conv("input", "a", (3, 3), padding=(1, 1), delay=1)
    net.conv("a", "b", (3, 2), stride=(2, 2), padding=(1, 0), delay=5, groups=1)
    net.conv("b", "c", (3, 2), weights=(-60, 110))
    return Case(net.graph(6), spikes(4, 5, 6, 2, 7, 6))


def delayed_payloads_that_wrap() -> Case:
    """Payloads travel the delay line whole, and the convolution's sum wraps at 24 bits."""
    net = Net(5, "graded", (2, 5, 5)).neurons("a", (3, 3, 3), 90000, decay_u=4000)
    net.conv("input", "a", (3, 3), weights=(-256, 255), delay=2)
    net.neurons("b", (6,), 150).dense("a", "b")
    inputs = np.random.default_rng(6).integers(-20000, 20001, (3, 8, 2, 5, 5))
    return Case(net.graph(8), integers(inputs))


def self_loops() -> Case:
    """Populations that feed themselves, at once and two steps later, maps among them."""
    net = Net(7, "spikes", (2, 5, 4)).neurons("maps", (3, 5, 4), 260).neurons("flat", (9,), 260)
    net.conv("input", "maps", (3, 3), padding=(1, 1))
    net.conv("maps", "maps", (3, 1), padding=(1, 0), weights=(-50, 60))
    net.dense("maps", "flat").dense("flat", "flat", delay=2, weights=(-50, 90))
    return Case(net.graph(9), spikes(8, 4, 9, 2, 5, 4))


def loop_of_two() -> Case:
    """Two populations that drive each other; the first is fed back into maps."""
    net = Net(9, "spikes", (2, 5, 4)).neurons("maps", (3, 5, 4), 300).neurons("flat", (9,), 330)
    net.conv("input", "maps", (3, 3), padding=(1, 1)).dense("maps", "flat")
    net.dense("flat", "maps", weights=(-40, 90))
    return Case(net.readout("out", "flat", 4).graph(9), spikes(10, 5, 9, 2, 5, 4))


def loop_with_biases_and_several_readouts() -> Case:
    """Biases would charge the loop before its window opens, were it not held at rest."""
    net = Net(11, "bias", (10,)).neurons("input", (10,), 1500).neurons("a", (9,), 330, bias=90)
    net.neurons("b", (8,), 300, bias=120, decay_u=2500).dense("input", "a").dense("a", "b")
    net.dense("b", "a", weights=(-60, 80), delay=np.arange(8)[None] % 3)
    net.readout("early", "a", 3).readout("late", "b", 5)
    return Case(net.graph(7), biases(12, 6, 7, 10))


def everything_without_resets() -> Case:
    """Chip time: mixed delays, several ways, biases from step 1; each sample from rest."""
    net = Net(13, "spikes", (2, 4, 4)).neurons("a", (3, 4, 4), 240, bias=15)
    net.neurons("b", (12,), 300, bias=-10).neurons("c", (3, 4, 4), 300)
    net.conv("input", "a", (3, 3), padding=(1, 1)).dense("a", "b", delay=np.arange(12)[:, None])
    net.dense("b", "c", weights=(-30, 60)).conv("a", "c", (1, 1), delay=3, weights=(-60, 90))
    net.conv("c", "a", (1, 3), padding=(0, 1), weights=(-60, 60)).dense("input", "b")
    return Case(net.graph(), spikes(14, 4, 12, 2, 4, 4), "none", 20)


def constant_biases_without_resets() -> Case:
    """The host's biases last; nothing else drives the chip."""
    net = Net(15, "bias", (3, 4, 4)).neurons("input", (3, 4, 4), 3000)
    net.neurons("a", (8,), 330).dense("input", "a").dense("a", "a", weights=(-60, 60))
    return Case(net.graph(), biases(16, 3, 3, 4, 4), "none", 15)


def weights_that_netx_would_ruin() -> Case:
    """Single signs with a power of two at the end, odd extremes, and no weight at all."""
    net = Net(17, "spikes", (12,)).neurons("a", (10,), 900, bias=700).neurons("b", (10,), 900)
    net.dense("input", "a", weights=(-128, -63)).dense("a", "b").dense("input", "b", delay=1)
    first, second, third = net.projections
    assert isinstance(third, DenseProjection)
    first.weight[0, :3] = -128
    second.weight[:] = np.random.default_rng(18).choice([-256, -255, 253, 255], (10, 10))
    third.weight[:] = 0
    return Case(net.graph(8), spikes(19, 4, 8, 12))


def parameters_per_neuron() -> Case:
    """Each neuron its own decays, threshold and bias, in a map that dense synapses feed."""
    rng = np.random.default_rng(20)
    shape = (2, 3, 4)
    net = Net(21, "spikes", (9,)).neurons(
        "maps", shape, rng.integers(100, 500, shape), bias=rng.integers(-30, 40, shape),
        decay_u=rng.integers(0, 4097, shape), decay_v=rng.integers(0, 4097, shape),
    )  # fmt: skip
    net.neurons("next", (3, 2, 3), 150).dense("input", "maps").conv("maps", "next", (2, 2))
    return Case(net.graph(9), spikes(22, 4, 9, 9, rate=0.4))


def unconnected_population() -> Case:
    """Lava runs only what is connected."""
    net = Net(23, "spikes", (8,)).neurons("a", (6,), 150).dense("input", "a")
    net.neurons("alone", (2, 2, 3), 300, bias=60)
    return Case(net.graph(10), spikes(24, 3, 10, 8))


def netx_with_delays_and_feedback() -> Case:
    """A netx file as netx reads it, but isolated: its own resets would let spikes through."""
    chain = Chain(25, "spikes", (18,)).dense(13, threshold=150, delay=4)
    chain.dense(12, threshold=110, feedback=(-60, 90), decay_u=2500).dense(9, threshold=200)
    return Case(chain.graph(7), spikes(26, 5, 7, 18), as_netx=True)


def netx_without_resets() -> Case:
    """Several samples of chip time, each from rest."""
    chain = Chain(27, "spikes", (2, 5, 4)).conv(3, (2, 3), threshold=150)
    chain.dense(13, threshold=150, delay=np.arange(13)[:, None] % 6)
    return Case(chain.graph(), spikes(28, 5, 14, 2, 5, 4), "none", 18, as_netx=True)


CASES: tuple[Callable[[], Case], ...] = (
    residual_blocks, delayed_convolutions, delayed_payloads_that_wrap, self_loops, loop_of_two,
    loop_with_biases_and_several_readouts, everything_without_resets,
    constant_biases_without_resets, weights_that_netx_would_ruin, parameters_per_neuron,
    unconnected_population, netx_with_delays_and_feedback, netx_without_resets,
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Case, LavaRun]]:
    """Every case through one call."""
    require_lava()
    folder = tmp_path_factory.mktemp("nets")
    cases = {make.__name__: make() for make in CASES}
    jobs = [case.job(folder, name) for name, case in cases.items()]
    answers = run_lava_jobs(jobs, timeout_s=300)
    return {name: (cases[name], run) for name, run in zip(cases, answers, strict=True)}


@pytest.mark.parametrize("name", [make.__name__ for make in CASES])
def test_emulator_equals_lava(name: str, runs: dict[str, tuple[Case, LavaRun]]) -> None:
    """Every u, v and spike of every population at every step of every sample."""
    case, run = runs[name]
    trace = simulate(case.graph, case.inputs, reset=case.reset, steps=case.steps, record=True)
    comparison = compare(trace, run)
    assert comparison.identical, str(comparison)
    for population in case.graph.populations:
        rate = run.layer(population.name).s.mean()
        if (population.threshold < THRESHOLD_MANT_MAX).all():
            assert LIVELY[0] <= rate <= LIVELY[1], f"'{population.name}' fires in {rate:.1%}"


def test_samples_do_not_touch_each_other(runs: dict[str, tuple[Case, LavaRun]]) -> None:
    """A sample behind another one is what it is alone: nothing is left in any buffer."""
    case, run = runs["loop_with_biases_and_several_readouts"]
    job = graph_job(case.graph, case.inputs[3:4], reset="staggered")
    alone = run_lava_jobs([job])[0]
    for name in run.populations:
        np.testing.assert_array_equal(run.layer(name).v[3:4], alone.layer(name).v)


def test_workers_share_samples(runs: dict[str, tuple[Case, LavaRun]]) -> None:
    """Three Lavas side by side give the samples in order; progress counts each of them once."""
    case, run = runs["self_loops"]
    told: list[int] = []
    job = graph_job(case.graph, case.inputs, reset="staggered")
    shared = run_lava_jobs([job], workers=3, on_samples=told.append)[0]
    assert told[-1] == len(case.inputs)
    assert told == sorted(set(told))
    for name in run.populations:
        np.testing.assert_array_equal(shared.layer(name).u, run.layer(name).u)


def test_delayed_convolution_is_its_unrolled_synapses(
    runs: dict[str, tuple[Case, LavaRun]],
) -> None:
    """Lava's own delayed synapses, one per connection, make the same of the unrolled kernels."""
    case, run = runs["delayed_convolutions"]
    unrolled = tuple(one_by_one(case.graph, p) for p in case.graph.projections)
    job = graph_job(replace(case.graph, projections=unrolled), case.inputs, reset="staggered")
    synapses = run_lava_jobs([job])[0]
    for name in run.populations:
        for state in ("u", "v", "s"):
            np.testing.assert_array_equal(
                getattr(synapses.layer(name), state), getattr(run.layer(name), state)
            )


def one_by_one(graph: ChipGraph, projection: Projection) -> Projection:
    """A delayed convolution as dense synapses with delays, 0 where it has none."""
    if isinstance(projection, DenseProjection) or projection.delay == 0:
        return projection
    source, target = graph.source_shape(projection.source), graph.population(projection.target)
    weight = np.zeros((target.neurons, int(np.prod(source))), dtype=np.int64)
    for to, at, value, _ in conv_connections(projection, source, target.shape):
        weight[to, at] += value
    delay = np.full_like(weight, projection.delay)
    return DenseProjection(projection.source, projection.target, weight, delay)


def test_wrong_openings_are_noticed(runs: dict[str, tuple[Case, LavaRun]]) -> None:
    """A window that opens a step late shows other states: the comparison can fail."""
    case, run = runs["loop_of_two"]
    job = graph_job(case.graph, case.inputs[:2], reset="staggered")
    assert job.opens == run.lag
    assert job.opens is not None
    late = replace(job, opens=tuple(first + 1 for first in job.opens))
    trace = simulate(case.graph, case.inputs[:2], record=True)
    assert not compare(trace, run_lava_jobs([late])[0]).identical
