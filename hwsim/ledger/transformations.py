"""Which transformations a run went through, in order.

trained -> folded -> frozen -> portable NIR -> quantised -> emulated; fine-tuning on the chip's
integers comes between quantised and emulated.
"""

from export.nir_metadata import read_facts
from hwsim.ledger.runs import emulated_run, graph_run, torch_run
from hwsim.ledger.transformation import Transformation
from hwsim.pipeline.conversion import Conversion, TrainedRun

TRAINED = "trained"
PORTABLE = "portable NIR"
"""Names that others look for."""


def transformations(run: TrainedRun, done: Conversion) -> tuple[Transformation, ...]:
    """Every network on the way, the trained one first; those of the chip only where it has one.

    Raises:
        SpikeportError: what freezing refuses.
    """
    facts = read_facts(done.graph)
    found = [
        Transformation(TRAINED, "the checkpoint, in PyTorch", torch_run(run.network, facts)),
        Transformation(
            PORTABLE, "float32 weights, decays in 4096ths: model.nir", graph_run(done.graph)
        ),
    ]
    if done.quantised:
        found.append(
            Transformation(
                "emulated",
                "the chip's integer state, bit by bit",
                emulated_run(done.graph, done.quantised.chip),
            )
        )
    return tuple(found)
