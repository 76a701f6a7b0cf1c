"""fidelity.json and the report's table of it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from hwsim.pipeline.conversion_facts import quantisation
from hwsim.pipeline.fidelity import Fidelity, read_fidelity, write_fidelity

HOST = {"scale": 2.0, "threshold": 7, "weight_max": 0, "clipped_weights": 0, "sqnr_db": None}
EXACT = {"scale": 2.0, "threshold": 7, "weight_max": 8, "clipped_weights": 1, "sqnr_db": math.inf}
ROUNDED = {**EXACT, "sqnr_db": 41.26}


def fidelity(**layers: dict[str, Any]) -> Fidelity:
    """Of these layers."""
    fixed = {"samples": 1, "trained": 1.0, "frozen": 1.0, "validation_trained": 1.0}
    return Fidelity.model_validate({**fixed, "spikes_changed": {}, "quantised": layers})


@pytest.mark.parametrize("older", [False, True])
def test_exact_weights_are_not_the_hosts(tmp_path: Path, older: bool) -> None:
    """Infinite SQNR is null in JSON; files without the key `on_host` are told by the weights."""
    path = tmp_path / "fidelity.json"
    write_fidelity(path, fidelity(host=HOST, exact=EXACT, rounded=ROUNDED))
    document = json.loads(path.read_text())
    assert document["quantised"]["exact"]["sqnr_db"] is None
    if older:
        del document["clipped_inputs"]
        for layer in document["quantised"].values():
            del layer["on_host"]
        path.write_text(json.dumps(document))
    facts = quantisation(read_fidelity(path))
    shown = {
        name: [layer[key] for key in ("largest |weight|", "weights at the limit", "SQNR (dB)")]
        for name, layer in facts.items()
    }
    assert shown == {
        "host": [None, None, None],
        "exact": [8, 1, "exact"],
        "rounded": [8, 1, 41.3],
    }


def test_bits_clipped_weights_and_spikes_are_shown() -> None:
    """In place of weights at the limit, which older files counted; the host has no weights."""
    host = {**HOST, "on_host": True, "spike_disagreement": 0.0123}
    rounded = {**ROUNDED, "weight_bits": 4, "weight_steps": [32, 16], "spike_disagreement": 0.25}
    readout = {**EXACT, "weight_bits": 4, "weight_steps": [2]}
    facts = quantisation(fidelity(host=host, rounded=rounded, readout=readout))
    keys = ("bits of a weight", "clipped weights", "spikes unlike the float layer's")
    assert {name: [layer.get(key) for key in keys] for name, layer in facts.items()} == {
        "host": [None, None, "1.23%"],
        "rounded": [4, 1, "25.00%"],
        "readout": [4, 1, None],
    }
    assert not any("weights at the limit" in layer for layer in facts.values())
