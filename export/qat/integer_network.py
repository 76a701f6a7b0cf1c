"""A quantised network in torch, ready to be evaluated and trained on the chip's integers."""

from collections.abc import Iterable, Mapping

import nir

from export.chip.graph import ChipGraph, Readout
from export.chip.limits import DECAY_ONE
from export.errors import InvalidGraph, UnsupportedLayer
from export.graph_order import OrderedNode, in_order
from export.nir_metadata import FrozenFacts, read_facts
from export.qat.afference import Afference, Entering
from export.qat.chains import chains, layer_of
from export.qat.chip_lif import ChipLIF, TrainedLayer
from export.qat.chip_readout import ChipReadout, ReadoutPopulation
from export.qat.host import HostAfference
from export.qat.integer_body import IntegerBody
from export.qat.master import Master
from export.qat.senders import reach
from export.quantizing import Quantization
from export.quantizing.afferents import WEIGHTED
from export.quantizing.segments import Segment, segments
from trainers.losses import LogitCrossEntropy
from trainers.network import SpikingNetwork


def integer_network(
    graph: nir.NIRGraph, quantised: Quantization, network: SpikingNetwork
) -> SpikingNetwork:
    """The quantised network, whose forward pass is the chip's integer arithmetic exactly.

    Its evaluation (`trainers.evaluation.evaluate`) fires what the emulator fires, bit for bit, and
    gives its logits; its LIF layers are named as the graph's nodes, which the chip's populations
    are too. In training its gradient is that of the trained layers' surrogates, with widths that
    batch norms set frozen at what they were. The loss is the trained network's own, or the
    cross-entropy of the logits where that needs auxiliary heads, which ended with freezing.

    Example:
        `evaluate(integer_network(graph, quantization(graph, inputs), net), data.validation)`

    Args:
        graph: frozen from `network`.
        quantised: what `quantization` made of it; scales, thresholds and decays stay as they are.
        network: trained; left as it was.

    Raises:
        UnsupportedLayer: a way between populations that can't be trained on integers, or a
            threshold that changes with time.
        InvalidGraph: graph, integers and network don't belong together.
    """
    facts = read_facts(graph)
    if facts.moving_thresholds:
        raise UnsupportedLayer(
            f"node '{facts.moving_thresholds[0]}': its threshold changes with time, and the chip "
            "holds a constant. Freeze with another threshold strategy than schedule, e.g. mean."
        )
    chip, parts = quantised.synchronous, segments(graph, facts)
    readout = _readout(chip)
    masters = _masters(in_order(graph))
    body = IntegerBody(
        parts[0].source if chip.input.form == "bias" else chip.input.name,
        chip.input.form,
        chip.host,
        static=facts.input.form == "static",
        time_steps=facts.time_steps,
    )
    for part in parts:
        afference = _afference(part, quantised, masters, facts, first=part is parts[0])
        if part.neuron is None:
            population = chip.population(part.target)
            body.add(
                part.target, afference, ReadoutPopulation(population, readout, facts.time_steps)
            )
        else:
            body.add(part.target, afference, _neurons(part, quantised, network, facts))
    built = SpikingNetwork(
        body, facts.time_steps, sequence=network.sequence, sample_shape=facts.input.shape
    )
    built.readout = ChipReadout(readout, facts.time_steps)
    built.loss = LogitCrossEntropy() if network.auxiliary else network.loss
    return built.eval()


def _readout(chip: ChipGraph) -> Readout:
    if chip.readout is None:
        raise InvalidGraph("chip graph: it names no readout. Quantise the network again.")
    return chip.readout


def _masters(nodes: Iterable[OrderedNode]) -> dict[str, Master]:
    return {node.name: Master(node) for node in nodes if isinstance(node.node, WEIGHTED)}


def _afference(
    part: Segment,
    quantised: Quantization,
    masters: Mapping[str, Master],
    facts: FrozenFacts,
    *,
    first: bool,
) -> Afference | HostAfference:
    chip, steps = quantised.synchronous, facts.time_steps
    if first and chip.input.form == "bias":
        if chip.host is None:
            raise InvalidGraph("chip graph: it names no host encoder. Quantise the network again.")
        return HostAfference(part, chip.host, masters, steps)
    layer = layer_of(part, quantised)
    entering = Entering(
        name=part.target,
        shape=part.shape,
        scale=layer.scale,
        time_steps=steps,
        divisor=layer.payload.scale if layer.payload else 1.0,
        reach={chip.input.name: reach(chip.input.form, chip.host)},
        saturates=part.neuron is None,
    )
    return Afference(entering, chains(part, quantised), masters)


def _neurons(
    part: Segment, quantised: Quantization, network: SpikingNetwork, facts: FrozenFacts
) -> ChipLIF:
    population = quantised.synchronous.population(part.target)
    if (population.decay_u != DECAY_ONE).any():
        raise UnsupportedLayer(
            f"node '{part.target}': its u has a memory (decay_u below {DECAY_ONE}), which "
            "quantisation-aware fine-tuning doesn't compute. Leave out [export.qat]."
        )
    neuron = dict(network.neurons()).get(facts.modules.get(part.target, ""))
    threshold = facts.thresholds.get(part.target)
    if neuron is None or threshold is None:
        raise InvalidGraph(
            f"node '{part.target}': the trained network lacks the layer that it comes from. Pass "
            "the network that was frozen."
        )
    gain = float(1 - neuron.decay.detach().double()) if neuron.decay_input else 1.0
    mantissa = layer_of(part, quantised).threshold
    return ChipLIF(population, TrainedLayer(neuron, threshold.value * gain, mantissa))
