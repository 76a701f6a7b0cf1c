"""A chip graph in the words of Lava's worker, which knows nothing of the project's classes."""

from typing import Any

from export.chip.check_graph import label
from export.chip.graph import ChipGraph, ConvProjection, IntArray, Projection
from export.chip.limits import CONV_FIELD_MAX, DELAY_MAX
from hwsim.errors import LavaError

SYNAPSE_RANGE = (-256, 255)
"""What Lava's dense synapses hold with 9 bits, mixed signs and exponent 0."""

PARAMETERS = ("decay_u", "decay_v", "threshold", "bias")


def graph_request(graph: ChipGraph) -> dict[str, Any]:
    """Names, shapes and settings; everything that JSON holds well.

    Raises:
        LavaError: Lava's processes can't hold a weight, delay, threshold or setting unchanged.
    """
    refuse_schedules(graph)
    for projection in graph.projections:
        _refuse_unfit(projection)
    return {
        "input": {
            "name": graph.input.name,
            "form": graph.input.form,
            "shape": graph.input.shape,
        },
        "populations": [{"name": p.name, "shape": p.shape} for p in graph.populations],
        "projections": [_projection(graph, projection) for projection in graph.projections],
    }


def refuse_schedules(graph: ChipGraph) -> None:
    """Raises LavaError where a threshold changes from step to step."""
    for name in graph.scheduled:
        raise LavaError(
            f"population '{name}': has another threshold at each step, and Lava's neurons have one "
            "each. Run it in the emulator alone (--backend emulator)."
        )


def graph_arrays(graph: ChipGraph) -> dict[str, IntArray]:
    """Parameters as `population<k>.<name>`, weights and delays as `projection<k>.<name>`."""
    arrays = {
        f"population{k}.{key}": getattr(population, key)
        for k, population in enumerate(graph.populations)
        for key in PARAMETERS
    }
    for k, projection in enumerate(graph.projections):
        arrays[f"projection{k}.weight"] = projection.weight
        if not isinstance(projection, ConvProjection) and projection.delay is not None:
            arrays[f"projection{k}.delay"] = projection.delay
    return arrays


def _projection(graph: ChipGraph, projection: Projection) -> dict[str, Any]:
    graded = graph.input.form == "graded" and projection.source == graph.input.name
    request: dict[str, Any] = {
        "kind": "dense",
        "source": projection.source,
        "target": projection.target,
        "message_bits": 8 if graded else 0,
    }
    if isinstance(projection, ConvProjection):
        request |= {
            "kind": "conv",
            "stride": projection.stride,
            "padding": projection.padding,
            "dilation": projection.dilation,
            "groups": projection.groups,
            "delay": projection.delay,
        }
    return request


def _refuse_unfit(projection: Projection) -> None:
    where = f"chip graph, {label(projection)}"
    if isinstance(projection, ConvProjection):
        settings = (*projection.stride, *projection.padding, *projection.dilation)
        if max(*settings, projection.groups) > CONV_FIELD_MAX:
            raise LavaError(
                f"{where}: stride, padding, dilation or groups exceed {CONV_FIELD_MAX}, the int8 "
                "in which Lava keeps them. Use smaller ones."
            )
        longest = projection.delay
    else:
        lowest, highest = int(projection.weight.min()), int(projection.weight.max())
        if lowest < SYNAPSE_RANGE[0] or highest > SYNAPSE_RANGE[1]:
            raise LavaError(
                f"{where}: weights {lowest}..{highest} lie outside {SYNAPSE_RANGE[0]}.."
                f"{SYNAPSE_RANGE[1]}, which Lava's synapses would clip. Lower the weight scale."
            )
        longest = 0 if projection.delay is None else int(projection.delay.max())
    if longest > DELAY_MAX:
        raise LavaError(
            f"{where}: delay {longest} exceeds {DELAY_MAX} steps, Lava's limit. Use a relay "
            "population."
        )
