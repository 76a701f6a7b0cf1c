"""Neurons that don't reset to a constant: only the executor runs them."""

import nir

from export.errors import UnsupportedLayer
from export.nir_metadata import METADATA_KEY, ResetRule, read_facts

IN_WORDS: dict[ResetRule, str] = {
    "zero": "to v_reset",
    "subtract": "minus the threshold",
    "subtract-delayed": "minus the threshold, a step later",
    "subtract-multi": "minus the threshold per spike, several a step",
}
"""What a spike does to the membrane."""


def other_resets(graph: nir.NIRGraph) -> dict[str, ResetRule]:
    """Nodes whose spikes don't set v to v_reset, by name; none where the graph has no facts."""
    metadata = graph.metadata if isinstance(graph.metadata, dict) else {}
    if METADATA_KEY not in metadata:
        return {}
    return {name: rule for name, rule in read_facts(graph).resets.items() if rule != "zero"}


def refuse_other_resets(graph: nir.NIRGraph) -> None:
    """Lets graphs pass whose neurons all reset to a constant.

    Raises:
        UnsupportedLayer: names the first that doesn't.
    """
    for name, rule in other_resets(graph).items():
        raise UnsupportedLayer(
            f"NIR node '{name}': a spike resets v {IN_WORDS[rule]} ({rule}), which only "
            "spikeport's float executor runs. Use spikeport simulate."
        )
