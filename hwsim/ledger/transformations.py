"""Which transformations a run went through, in order.

trained -> folded -> frozen -> portable NIR -> quantised -> emulated. Fine-tuning on the chip's
integers adds the networks after it. A strategy that keeps thresholds moving freezes nothing.
"""

from collections.abc import Iterator

from export.freezing import folded_graph
from export.nir_metadata import read_facts
from export.schedule_file import SCHEDULE_FILE
from hwsim.ledger.runs import emulated_run, graph_run, rounded, torch_run
from hwsim.ledger.transformation import Transformation
from hwsim.pipeline.conversion import Conversion, TrainedRun, sample_of

TRAINED = "trained"
PORTABLE = "portable NIR"
PORTABLE_MOVING = "portable"
TUNED = "tuned NIR"
"""Names that others look for."""


def transformations(run: TrainedRun, done: Conversion) -> tuple[Transformation, ...]:
    """Every network on the way, the trained one first; those of the chip only where it has one.

    Raises:
        SpikeportError: what freezing refuses.
    """
    before = done.before_tuning or done
    found = [*_float_networks(run, before), *_rounded_networks(before)]
    if done.before_tuning:
        found.append(
            Transformation(
                TUNED, "fine-tuned on the chip's integers: model.nir", graph_run(done.graph)
            )
        )
        found += _rounded_networks(done)
    if done.quantised:
        chip = done.quantised.chip
        found.append(
            Transformation(
                "emulated", "the chip's integer state, bit by bit", emulated_run(done.graph, chip)
            )
        )
    return tuple(found)


def exported_name(done: Conversion) -> str:
    """Which of the entries is the frozen network as exported."""
    if done.before_tuning:
        return TUNED
    return PORTABLE_MOVING if read_facts(done.graph).moving_thresholds else PORTABLE


def _float_networks(run: TrainedRun, before: Conversion) -> Iterator[Transformation]:
    facts, sample = read_facts(before.graph), sample_of(run)
    yield Transformation(TRAINED, "the checkpoint, in PyTorch", torch_run(run.network, facts))
    yield Transformation(
        "folded",
        "norms, poolings, gains and thresholds in the weights, float64",
        graph_run(folded_graph(run.network, sample)),
    )
    if not facts.moving_thresholds:
        strategies = {threshold.strategy for threshold in facts.thresholds.values()}
        constants = {facts.modules[name]: found.value for name, found in facts.thresholds.items()}
        frozen = folded_graph(
            before.source, sample, strategy="mean", constants=constants, method=facts.method
        )
        yield Transformation(
            "frozen", f"constant thresholds ({', '.join(sorted(strategies))})", graph_run(frozen)
        )
    file = SCHEDULE_FILE if facts.moving_thresholds else "model.nir"
    yield Transformation(
        exported_name(before),
        f"float32 weights, decays in 4096ths: {file}",
        graph_run(before.graph),
    )


def _rounded_networks(done: Conversion) -> Iterator[Transformation]:
    if done.quantised is None:
        return
    bits = [layer.weight_bits for layer in done.quantised.layers if layer.weight_bits]
    name = "tuned and quantised" if done.before_tuning else "quantised"
    yield Transformation(
        name,
        f"{max(bits, default=0)}-bit weights, integer thresholds and biases, float state",
        rounded(done.graph, done.quantised.synchronous),
    )
