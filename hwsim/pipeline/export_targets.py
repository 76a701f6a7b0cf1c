"""Which targets an export writes: those of the recipe, as far as they can hold its thresholds."""

from collections.abc import Callable

import nir

from export.moving_threshold import moving_nodes
from export.targets import refuse_unfit_targets
from trainers.export_tables import ExportTable

DEFAULT = frozenset(ExportTable().targets)


def held_targets(
    graph: nir.NIRGraph, names: tuple[str, ...], say: Callable[[str], None]
) -> tuple[str, ...]:
    """The targets to write, refused before anything is written if one can't hold the network.

    Where thresholds move with time and nobody chose other targets than the default ones, target
    schedule takes the place of nir, which is said.

    Args:
        graph: frozen.
        names: as the recipe has them.
        say: prints one line.

    Raises:
        UnsupportedLayer: a threshold moves in a way that a target can't hold.
    """
    moving = moving_nodes(graph)
    if moving and frozenset(names) == DEFAULT:
        names = tuple("schedule" if name == "nir" else name for name in names)
        refuse_unfit_targets(graph, names)
        say(
            f"thresholds of {', '.join(moving)} move with time, which NIR can't hold: "
            "model.schedule.npz is written and no model.nir"
        )
        return names
    refuse_unfit_targets(graph, names)
    return names
