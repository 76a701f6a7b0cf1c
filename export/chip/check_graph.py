"""A chip graph must agree with itself before anything is written, emulated or costed from it."""

from pathlib import Path

import numpy as np

from export.chip.graph import (
    ChipGraph,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
    Readout,
)
from export.chip.limits import TIME_STEPS_MAX
from export.errors import InvalidGraph

PARAMETERS = ("decay_u", "decay_v", "threshold", "bias")


def check_graph(graph: ChipGraph) -> None:
    """Raises InvalidGraph when names, shapes or dtypes in the graph contradict each other."""
    _check_names(graph)
    for population in graph.populations:
        _check_population(population)
        _check_schedule(graph, population)
    for projection in graph.projections:
        _check_projection(graph, projection)
    _check_roles(graph)


def check_read_graph(graph: ChipGraph, path: Path) -> None:
    """As `check_graph`, for a graph that a file held: the message begins with its path."""
    try:
        check_graph(graph)
    except InvalidGraph as error:
        raise InvalidGraph(f"{path}: {error}") from error


def label(projection: Projection) -> str:
    """How messages name a projection."""
    return f"projection '{projection.source}' -> '{projection.target}'"


def conv_output_shape(
    projection: ConvProjection, source_shape: tuple[int, ...]
) -> tuple[int, int, int]:
    """Shape (O, H', W') of what a convolution makes of (I, H, W).

    H' = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1, and W' alike.
    """
    sizes = zip(
        source_shape[1:],
        projection.weight.shape[2:],
        projection.stride,
        projection.padding,
        projection.dilation,
        strict=True,
    )
    rows, columns = (
        (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        for size, kernel, stride, padding, dilation in sizes
    )
    return projection.weight.shape[0], rows, columns


def _check_names(graph: ChipGraph) -> None:
    names = [population.name for population in graph.populations]
    if not names:
        raise InvalidGraph("chip graph: it has no population. Add at least one.")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidGraph(f"chip graph: two populations are called '{doubled[0]}'. Rename one.")
    sources = set(names)
    if graph.input.form == "bias":
        if graph.input.name not in sources:
            raise InvalidGraph(
                f"chip graph: input form 'bias' needs a population '{graph.input.name}', and "
                f"there is none. Known: {', '.join(names)}."
            )
    elif graph.input.name in sources:
        raise InvalidGraph(
            f"chip graph: input '{graph.input.name}' (form '{graph.input.form}') has the name of "
            "a population. Rename one."
        )
    else:
        sources.add(graph.input.name)
    for projection in graph.projections:
        for end, known in ((projection.source, sources), (projection.target, set(names))):
            if end not in known:
                raise InvalidGraph(
                    f"chip graph, {label(projection)}: there is no '{end}'. "
                    f"Known: {', '.join(sorted(known))}."
                )


def _check_population(population: Population) -> None:
    where = f"population '{population.name}'"
    shape = population.shape
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise InvalidGraph(f"{where}: shape {shape} must be (N,) or (C, H, W), each at least 1.")
    for key in PARAMETERS:
        array: IntArray = getattr(population, key)
        _check_integers(array, f"{where}, {key}")
        if key != "bias" and array.shape not in ((), shape):
            raise InvalidGraph(f"{where}: {key} has shape {array.shape}, expected () or {shape}.")
    if not _broadcasts(population.bias.shape, shape):
        raise InvalidGraph(
            f"{where}: bias of shape {population.bias.shape} can't be broadcast to {shape}."
        )


def _check_schedule(graph: ChipGraph, population: Population) -> None:
    schedule, steps = population.schedule, graph.time_steps
    if schedule is None:
        return
    where = f"population '{population.name}', schedule"
    _check_integers(schedule, where)
    if steps is None:
        raise InvalidGraph(
            f"{where}: thresholds per step need the graph's time_steps, and it has none. Set it."
        )
    if schedule.shape not in ((steps,), (steps, *population.shape)):
        raise InvalidGraph(
            f"{where}: shape {schedule.shape}, expected ({steps},), one threshold per step, or "
            f"{(steps, *population.shape)}."
        )


def _check_projection(graph: ChipGraph, projection: Projection) -> None:
    where = f"chip graph, {label(projection)}"
    source = graph.source_shape(projection.source)
    target = graph.population(projection.target).shape
    _check_integers(projection.weight, f"{where}, weight")
    if isinstance(projection, DenseProjection):
        _check_dense(projection, source, target, where)
    else:
        _check_conv(projection, source, target, where)


def _check_dense(
    projection: DenseProjection, source: tuple[int, ...], target: tuple[int, ...], where: str
) -> None:
    expected = (int(np.prod(target)), int(np.prod(source)))
    if projection.weight.shape != expected:
        raise InvalidGraph(
            f"{where}: weight has shape {projection.weight.shape}, expected (targets, sources) = "
            f"{expected}."
        )
    if projection.delay is None:
        return
    _check_integers(projection.delay, f"{where}, delay")
    if projection.delay.shape != expected:
        raise InvalidGraph(
            f"{where}: delay has shape {projection.delay.shape}, expected {expected}."
        )
    if projection.delay.min() < 0:
        raise InvalidGraph(
            f"{where}: delay {int(projection.delay.min())} is negative. Use 0 or more steps."
        )


def _check_conv(
    projection: ConvProjection, source: tuple[int, ...], target: tuple[int, ...], where: str
) -> None:
    weight = projection.weight.shape
    if len(source) != 3 or len(target) != 3:
        raise InvalidGraph(f"{where}: a convolution joins (C, H, W) to (C, H, W), not {source} "
                           f"to {target}.")  # fmt: skip
    if len(weight) != 4 or min(weight) < 1:
        raise InvalidGraph(f"{where}: weight has shape {weight}, expected (O, I/groups, kH, kW).")
    if min(*projection.stride, *projection.dilation, projection.groups) < 1:
        raise InvalidGraph(
            f"{where}: stride {projection.stride}, dilation {projection.dilation} and groups "
            f"{projection.groups} must be at least 1."
        )
    if projection.delay < 0:
        raise InvalidGraph(f"{where}: delay {projection.delay} is negative. Use 0 or more steps.")
    if min(projection.padding) < 0:
        raise InvalidGraph(f"{where}: padding {projection.padding} must not be negative.")
    if weight[1] * projection.groups != source[0] or weight[0] % projection.groups:
        raise InvalidGraph(
            f"{where}: {source[0]} input and {weight[0]} output channels don't divide into "
            f"{projection.groups} groups of {weight[1]} inputs."
        )
    made = conv_output_shape(projection, source)
    if made != target:
        raise InvalidGraph(f"{where}: the convolution makes {made}, the population is {target}.")


def _check_roles(graph: ChipGraph) -> None:
    if graph.input.form == "bias":
        population = graph.population(graph.input.name)
        if population.shape != graph.input.shape:
            raise InvalidGraph(
                f"population '{population.name}': shape {population.shape} isn't the input's "
                f"{graph.input.shape}."
            )
        if population.bias.any():
            raise InvalidGraph(
                f"population '{population.name}': the host writes its biases for each sample, so "
                "its own bias must be 0. Add it to the host's currents."
            )
    for readout in graph.readouts:
        _check_readout(graph, readout)
    named = [readout.population for readout in graph.readouts]
    if len(set(named)) != len(named):
        raise InvalidGraph(
            f"chip graph: readouts {', '.join(named)} name a population twice. Keep one of them."
        )
    if graph.time_steps is not None and not 1 <= graph.time_steps <= TIME_STEPS_MAX:
        raise InvalidGraph(
            f"chip graph: time_steps is {graph.time_steps}, must be 1 to {TIME_STEPS_MAX}."
        )


def _check_readout(graph: ChipGraph, readout: Readout) -> None:
    population = graph.population(readout.population)
    if readout.weights is None:
        return
    where = f"readout '{readout.population}'"
    if len(readout.weights) != graph.time_steps:
        raise InvalidGraph(
            f"{where}: weights for {len(readout.weights)} steps, but the graph's time_steps is "
            f"{graph.time_steps}. Give one weight per step."
        )
    if not np.isfinite(readout.weights).all():
        raise InvalidGraph(f"{where}: a weight is NaN or infinite. Train or freeze it again.")
    if population.decay_v.any():
        raise InvalidGraph(
            f"{where}: its voltage leaks (decay_v up to {int(population.decay_v.max())}), so its "
            "steps can't be told apart and weighted. Set decay_v to 0."
        )


def _check_integers(array: IntArray, where: str) -> None:
    if array.dtype != np.int64:
        raise InvalidGraph(f"{where}: dtype {array.dtype}, expected int64. Round it first.")


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    if len(shape) > len(target):
        return False
    tail = target[len(target) - len(shape) :]
    return all(size in (1, full) for size, full in zip(shape, tail, strict=True))
