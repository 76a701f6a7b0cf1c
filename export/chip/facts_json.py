"""The run facts as a JSON text in a chip file, written whole and read with care."""

import json
from typing import Literal

from pydantic import ValidationError

from export.chip.graph import ChipGraph
from export.chip.hdf5_guard import MAX_TEXT_BYTES, GuardedGroup
from export.chip.netx_facts import (
    FACTS_FORMAT,
    HostFacts,
    InputFacts,
    ReadoutFacts,
    ResetFacts,
    RunFacts,
)
from export.errors import InvalidGraph, LimitExceeded
from export.own_version import own_version
from trainers.errors import FileError

FACTS_GROUP = "spikeport"
FACTS_DATASET = "facts"


def facts_text(graph: ChipGraph, populations: tuple[str, ...]) -> str:
    """The JSON of a graph whose file holds `populations` in this order.

    Raises:
        InvalidGraph: a scale isn't a finite number, or a name is no text.
        LimitExceeded: the text is longer than a reader accepts.
    """
    try:
        text = _facts_of(graph, populations).model_dump_json()
    except (ValidationError, ValueError) as error:
        raise InvalidGraph(
            f"chip graph: its run facts can't be written ({_first_fault(error)}). Correct them."
        ) from error
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise LimitExceeded(
            f"chip graph: its run facts take {len(text)} characters, more than the "
            f"{MAX_TEXT_BYTES} a reader accepts: {graph.time_steps} time_steps with a readout "
            "weight each, or long names. Shorten them."
        )
    return text


def read_facts(root: GuardedGroup) -> RunFacts | None:
    """The facts of an open file; None where another tool wrote it.

    Raises:
        InvalidGraph: the facts contradict themselves.
        FileError: they were written in another format, or are damaged.
    """
    if FACTS_GROUP not in root.names():
        return None
    where = f"{root.where}, {FACTS_GROUP}"
    text = root.child(FACTS_GROUP, where).text(FACTS_DATASET)
    _refuse_other_format(text, where)
    try:
        return RunFacts.model_validate_json(text)
    except ValidationError as error:
        raise InvalidGraph(f"{where}, {_first_fault(error)}. Export the network again.") from error


def _facts_of(graph: ChipGraph, populations: tuple[str, ...]) -> RunFacts:
    offset: Literal[0, 1] = 0 if graph.input.form == "bias" else 1
    steps, host = graph.time_steps, graph.host
    return RunFacts(
        spikeport=own_version(),
        input=InputFacts(form=graph.input.form, name=graph.input.name),
        populations=populations,
        time_steps=steps,
        reset=None if steps is None else ResetFacts(interval=steps, offset=offset),
        readouts=tuple(
            ReadoutFacts(
                population=readout.population,
                volts_to_logit=readout.volts_to_logit,
                weights=readout.weights,
            )
            for readout in graph.readouts
        ),
        classes=graph.classes,
        host=None
        if host is None
        else HostFacts(macs=host.macs, scale=host.scale, lowest=host.lowest, highest=host.highest),
    )


def _refuse_other_format(text: str, where: str) -> None:
    # Asked for first: the fields of another format would be named as faults of this one.
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return
    found = facts.get("format", FACTS_FORMAT) if isinstance(facts, dict) else FACTS_FORMAT
    if found != FACTS_FORMAT:
        raise FileError(
            f"{where}: format {str(found)[:20]!r} is unknown, this version reads {FACTS_FORMAT}. "
            "Update spikeport or export the network again."
        )


def _first_fault(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or "JSON"
    return f"{place}: {fault['msg']}"
