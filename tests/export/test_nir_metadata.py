"""The facts of a frozen network: one JSON string that survives the file or is refused by field."""

import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph
from export.nir_file import read_nir, write_nir
from export.nir_metadata import (
    FrozenFacts,
    InputFacts,
    ReadoutFacts,
    ThresholdFacts,
    attach_facts,
    read_facts,
)
from tests.frozen_networks import conv_network

FACTS = FrozenFacts(
    spikeport="0.1.0",
    time_steps=4,
    input=InputFacts(form="sequence", shape=(1, 8, 8), scale=1 / 16),
    readout=ReadoutFacts(weights=(0.1, 0.2, 0.3, 0.4)),
    classes=("null", "eins", "zwei", "drei", "Δ"),
    method=("ds-atgo", "mpd-agl"),
    thresholds={"l001_lif": ThresholdFacts(strategy="mean", value=0.1, per_step=(0.05, 0.15))},
    decay_4096={"l001_lif": 819},
    modules={"l000_conv": "body.0"},
    checkpoint_sha256="ab" * 32,
)


def graph_saying(text: Any) -> nir.NIRGraph:
    """A network whose metadata holds this."""
    graph = conv_network()
    graph.metadata = {"spikeport": text}
    return graph


def changed(**fields: Any) -> str:
    """The facts as JSON with some fields exchanged; a value of ... takes the field out."""
    content = json.loads(FACTS.model_dump_json()) | fields
    return json.dumps({key: value for key, value in content.items() if value is not ...})


def test_facts_survive_the_file(tmp_path: Path) -> None:
    """Every field, floats to the last bit, letters beyond ASCII."""
    graph = conv_network()
    attach_facts(graph, FACTS)
    assert read_facts(graph) == FACTS
    write_nir(graph, tmp_path / "model.nir")
    assert read_facts(read_nir(tmp_path / "model.nir")) == FACTS


@pytest.mark.parametrize("wrap", [str, str.encode, lambda text: np.array(text.encode())])
def test_every_form_a_reader_may_give_back_is_understood(wrap: Any) -> None:
    """Text, bytes, or an array around them, as HDF5 readers return strings."""
    assert read_facts(graph_saying(wrap(FACTS.model_dump_json()))) == FACTS


def test_defaults_are_the_conventions() -> None:
    """dt of the portable encoding, mean readout, hard reset."""
    facts = FrozenFacts(spikeport="0", time_steps=1, input=InputFacts(form="static", shape=(3,)))
    assert (facts.format, facts.dt_s, facts.reset) == (1, 1e-4, "zero")
    assert facts.readout == ReadoutFacts(rule="mean", weights=None)


@pytest.mark.parametrize("metadata", [{}, {"author": "me"}, None])
def test_a_graph_of_another_tool_says_so(metadata: Any) -> None:
    """Without facts the message says who wrote the file and what to do."""
    graph = conv_network()
    graph.metadata = metadata
    with pytest.raises(InvalidGraph, match=r"no metadata 'spikeport'.*written by another tool"):
        read_facts(graph)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "JSON: Invalid JSON"),
        ("", "JSON: Invalid JSON"),
        ("[]", "JSON: "),
        (FACTS.model_dump_json()[:-40], "JSON: Invalid JSON"),
        (b"\xff\xfe", "JSON: Invalid JSON"),
        (17, "holds int, expected JSON text"),
        (np.arange(3), "holds ndarray, expected JSON text"),
        (changed(format=2), "format: "),
        (changed(time_steps=0), "time_steps: "),
        (changed(time_steps=10**12), "time_steps: "),
        (changed(time_steps=...), "time_steps: Field required"),
        (changed(dt_s=0), "dt_s: "),
        (changed(dt_s=float("nan")), "dt_s: "),
        (changed(dt_s=float("inf")), "dt_s: "),
        (changed(reset="subtract"), "reset: "),
        (changed(surprise=1), "surprise: Extra inputs"),
        (changed(input={"form": "video", "shape": [1]}), r"input\.form: "),
        (changed(readout={"weights": [1, "x"]}), r"readout\.weights\.1: "),
        (changed(readout={"rule": "last"}), r"readout\.rule: "),
        (changed(decay_4096={"l001_lif": 0.5}), r"decay_4096\.l001_lif: "),
    ],
)
def test_damaged_facts_name_the_field(text: Any, message: str) -> None:
    """One line with the field's place; nothing is guessed in place of it."""
    with pytest.raises(InvalidGraph, match=f"metadata 'spikeport',? ?:?.*{message}") as error:
        read_facts(graph_saying(text))
    assert "\n" not in str(error.value)
