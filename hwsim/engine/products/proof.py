"""Every product is held to 64-bit integers: on a batch of each size, and on extreme integers.

An algorithm may depend on shapes, on the size of the batch and on the device, so the proof runs
with just these, once for each.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import IntArray
from export.chip.limits import WEIGHT_MAX, WEIGHT_MIN
from hwsim.engine.exact_product import (
    FLOAT32_EXACT,
    FLOAT64_EXACT,
    exact_dtype,
    largest_sum,
    narrowed,
    refuse_inexact,
)
from hwsim.engine.products.choice import Product, Products
from hwsim.engine.synop_count import count_events


@dataclass(frozen=True)
class Subject:
    """What is proven.

    Args:
        where: names the projection in messages.
        shape: of the projection, without its weights.
        weight: its integers, outputs first.
        payload: smallest and largest payload.
        reference: sums in 64-bit integers with other weights.
    """

    where: str
    shape: Hashable
    weight: IntArray
    payload: tuple[int, int]
    reference: Callable[[IntArray], Product]


_proven: set[Hashable] = set()


def prove(subject: Subject, products: Products, events: Tensor) -> None:
    """Compares one row of the products with 64-bit integers.

    Raises:
        SimulationError: they differ.
    """
    row = int(count_events(events).argmax())
    _compare(subject, products, subject.reference(subject.weight), events, row)
    key = (
        subject.shape, subject.payload, type(products.full),
        exact_dtype(largest_sum(subject.weight, subject.payload)), len(events),
        str(events.device), torch.get_num_threads(),
    )  # fmt: skip
    if key not in _proven:
        weight = extreme_weights(subject)
        sharpest = replace(products, full=products.rebuilt(weight), rare=None)
        loud = torch.full_like(events, subject.payload[1])
        _compare(subject, sharpest, subject.reference(weight), loud, len(events) - 1)
        _proven.add(key)


def extreme_weights(subject: Subject) -> IntArray:
    """Outputs all at the largest weight, and all at the smallest, in turn.

    As large as the chip's 8 bits and the type of the product's own sums allow.
    """
    weight, payload = subject.weight, subject.payload
    inputs = weight[0].size * max(abs(payload[0]), abs(payload[1]))
    room = FLOAT32_EXACT if largest_sum(weight, payload) < FLOAT32_EXACT else FLOAT64_EXACT
    steepest = max(2, (room - 1) // max(1, inputs) // 2 * 2)
    highest, lowest = min(WEIGHT_MAX, steepest), max(WEIGHT_MIN, -steepest)
    signs = np.where(np.arange(len(weight)) % 2 == 0, highest, lowest)
    return np.array(np.broadcast_to(signs.reshape(-1, *[1] * (weight.ndim - 1)), weight.shape))


def _compare(
    subject: Subject, products: Products, reference: Product, events: Tensor, row: int
) -> None:
    expected = narrowed(reference(events[row : row + 1].cpu()))
    # Sums event by event don't depend on the size of the batch; an algorithm chosen by oneDNN may.
    found = [products.full(events)[row : row + 1]]
    if products.rare is not None:
        found.append(products.rare(events[row : row + 1]))
    for sums in found:
        refuse_inexact(narrowed(sums), expected, subject.where)
