"""Values at which readers stumble, and JSON with one value exchanged."""

import json
from typing import Any

import numpy as np

NUMBERS = (
    0, 1, -1, 2, 255, 256, 4097, -(1 << 15), (1 << 31) - 1, 1 << 31, -(1 << 31), (1 << 62),
    (1 << 63) - 1, -(1 << 63), 0.5, -0.0, 1e-320, 1e38, 1e308, float("inf"), float("-inf"),
    float("nan"),
)  # fmt: skip
TEXTS = (
    "", " ", "input", "output", "0", "-1", "nan", "LIF", "NIRGraph", "Conv2d", "dense", "conv",
    "a" * 5000, "../../etc/passwd", "\x00", "line\nbreak", "\x1b[31m", "\u00e9\u4e2d", "{}", "[]",
    "\u202eabc",
)  # fmt: skip


def any_number(rng: np.random.Generator) -> int | float:
    """One of NUMBERS."""
    return NUMBERS[int(rng.integers(len(NUMBERS)))]


def any_text(rng: np.random.Generator) -> str:
    """One of TEXTS."""
    return TEXTS[int(rng.integers(len(TEXTS)))]


def damaged_json(text: str, rng: np.random.Generator) -> str:
    """The text with one leaf, key or branch changed; any odd text where it isn't JSON."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return any_text(rng)
    if rng.random() < 0.1:
        return text[: int(rng.integers(len(text)))]
    return json.dumps(_changed(document, rng))


def _changed(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = list(value)[int(rng.integers(len(value)))]
        rest = {name: part for name, part in value.items() if name != key}
        if rng.random() < 0.1:
            return rest
        name = any_text(rng) if rng.random() < 0.1 else key
        return {**rest, name: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        place = int(rng.integers(len(value)))
        if rng.random() < 0.1:
            return value[:place] + value[place + 1 :]
        return [*value[:place], _changed(value[place], rng), *value[place + 1 :]]
    others: tuple[Any, ...] = (None, True, [], {}, [value], {"a": value}, value)
    pick = int(rng.integers(3))
    if pick == 0:
        return others[int(rng.integers(len(others)))]
    return any_number(rng) if pick == 1 else any_text(rng)
