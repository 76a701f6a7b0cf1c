"""What the emulator measured of a network that no chip could run, without energy and time."""

from export.chip.fanout import fan_out, synapses
from export.chip.graph import ChipGraph
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.report.emulated import Accuracy, EmulatedLayer, Network, UncostedReport


def no_chip_equivalent(graph: ChipGraph) -> str | None:
    """Why no chip could run a graph, in one sentence; None where one could."""
    if not graph.scheduled:
        return None
    names = ", ".join(f"'{name}'" for name in graph.scheduled)
    return (
        f"Thresholds of {names} change from step to step, and the chips' neurons have one constant "
        "each; the emulator alone runs this network."
    )


def uncosted(trace: Trace) -> UncostedReport:
    """Counted events of such a network; `with_run_facts` adds accuracies and the run's own facts.

    Args:
        trace: of at least one sample.

    Raises:
        ChipError: a chip could run the network, so that it has a cost, or there is no sample.
    """
    reason = no_chip_equivalent(trace.graph)
    if reason is None or trace.samples < 1:
        raise ChipError(
            f"trace of {trace.samples} samples: nothing keeps this network from being costed, or "
            "there is nothing to average. Use hwsim.cost on at least one sample."
        )
    return UncostedReport(
        network=Network(
            neurons=int(trace.neurons.sum()),
            synapses=synapses(trace.graph),
            time_steps=trace.time_steps,
        ),
        accuracy=Accuracy(),
        layers=tuple(_layer(trace, index) for index in range(len(trace.populations))),
        simulated_samples=trace.samples,
        no_chip_equivalent=reason,
    )


def _layer(trace: Trace, index: int) -> EmulatedLayer:
    population = trace.graph.population(trace.populations[index])
    spikes = trace.spikes[:, :, index]
    mean = int(spikes.sum()) / trace.samples
    incoming = trace.graph.incoming(population.name)
    return EmulatedLayer(
        name=population.name,
        shape=population.shape,
        neurons=population.neurons,
        depth=int(trace.depth[index]),
        spikes_per_inference=mean,
        spike_rate=mean / population.neurons / trace.time_steps,
        spikes_per_step=tuple((spikes.sum(axis=0) / trace.samples).tolist()),
        synops_per_inference=int(trace.synops[:, :, index].sum()) / trace.samples,
        synapses_in=sum(int(fan_out(trace.graph, projection).sum()) for projection in incoming),
        saturations=int(trace.saturations[:, :, index].sum()),
        wraps=int(trace.wraps[:, :, index].sum()),
    )
