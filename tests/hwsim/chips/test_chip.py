"""A chip as data: barriers, ends of ranges, contradictions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hwsim.chips.chip import COSTS, Barrier, Limits, StaticPower
from hwsim.chips.load import CHIPS, load_chip

POINTS = st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 1e-3)), min_size=1, max_size=6).map(
    lambda pairs: tuple(
        zip(sorted({n for n, _ in pairs}), sorted(seconds for _, seconds in pairs), strict=False)
    )
)


def table(**values: int | float) -> dict[str, Any]:
    """Constants with a pedigree each."""
    return {
        key: {"value": value, "source": "paper", "grade": "assumed"}
        for key, value in values.items()
    }


def test_a_linear_barrier_by_hand() -> None:
    """On the straight line between the points, flat outside."""
    barrier = Barrier(points=((2, 100e-9), (4, 300e-9), (8, 500e-9)), between="linear")
    assert [barrier.at(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9)] == pytest.approx(
        [100e-9, 100e-9, 200e-9, 300e-9, 350e-9, 400e-9, 450e-9, 500e-9, 500e-9]
    )


def test_a_step_barrier_by_hand() -> None:
    """The value of the largest number not above the one in use: the fitted set of Loihi 1."""
    barrier = load_chip("loihi1-fitted").latency.barrier.value
    assert [barrier.at(n) for n in (1, 2, 3, 4, 28, 29, 32)] == [
        0.6e-6, 1.0e-6, 1.0e-6, 1.4e-6, 1.4e-6, 1.8e-6, 1.8e-6,
    ]  # fmt: skip


def test_the_published_barrier_by_hand() -> None:
    """113 ns on one tile, 465 ns on 32: 352 ns over 31 tiles, (465 + 113) / 2 halfway."""
    barrier = load_chip("loihi1").latency.barrier.value
    assert barrier.at(1) == 113e-9
    assert barrier.at(2) == pytest.approx(113e-9 + 352e-9 / 31)
    assert barrier.at(32) == 465e-9


@given(points=POINTS, between=st.sampled_from(["linear", "step"]), n=st.integers(1, 1200))
def test_a_barrier_never_shrinks_and_meets_its_points(
    points: tuple[tuple[int, float], ...], between: Any, n: int
) -> None:
    """More tiles never take less time, and every point is met exactly."""
    barrier = Barrier(points=points, between=between)
    assert all(barrier.at(number) == seconds for number, seconds in points)
    assert points[0][1] <= barrier.at(n) <= barrier.at(n + 1) * (1 + 1e-12) <= points[-1][1] + 1e-9


@pytest.mark.parametrize(
    "points",
    [
        [],
        [[0, 1e-9]],
        [[True, 1e-9]],
        [[1.0, 1e-9]],
        [[1, -1e-9]],
        [[1, float("nan")]],
        [[1, float("inf")]],
        [[1, 1e-9, 2e-9]],
        [[2, 1e-9], [1, 2e-9]],
        [[1, 1e-9], [1, 2e-9]],
        [[1, 2e-9], [2, 1e-9]],
    ],
)
def test_barriers_that_cannot_be_are_refused(points: list[list[float]]) -> None:
    """No points, no number of tiles, no time, or points that don't grow."""
    with pytest.raises(ValidationError):
        Barrier.model_validate({"points": points, "between": "linear"})


def test_cores_need_tiles() -> None:
    """32 tiles of 4 hold 128 cores and no 129th."""
    limits = {
        "neurons_per_core": 8, "cores": 129, "tiles": 32, "cores_per_tile": 4, "mesh_columns": 8,
        "chips": 1, "input_axons_per_core": 1, "output_axons_per_core": 1,
        "synaptic_memory_bits_per_core": 1, "bias_bits": 1,
    }  # fmt: skip
    with pytest.raises(ValidationError, match="129 cores don't fit on tiles for 128"):
        Limits.model_validate(table(**limits))
    limits["cores"] = 128
    assert Limits.model_validate(table(**limits)).cores.value == 128


def test_a_chip_leaks_no_less_than_its_core() -> None:
    """The power of a chip holds that of its cores."""
    power = {"static_power_per_core_w": 1.0, "embedded_power_per_chip_w": 0.0}
    with pytest.raises(ValidationError, match="less than one core's"):
        StaticPower.model_validate(table(**power, static_power_per_chip_w=0.9))
    StaticPower.model_validate(table(**power, static_power_per_chip_w=1.0))


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_all_costs_at_one_end(name: str, end: Any) -> None:
    """Every cost moves to its end, those without a range and all limits stay."""
    chip = load_chip(name)
    moved = dict(chip.at(end).constants())
    for section in COSTS:
        for key in type(getattr(chip, section)).model_fields:
            constant = getattr(getattr(chip, section), key)
            assert moved[key].value == constant.bound(end)
            assert moved[key].source == constant.source
    assert chip.at(end).limits == chip.limits
    assert chip.at("nominal") == chip


def test_one_cost_at_one_end() -> None:
    """The others keep their values; the chip itself isn't changed."""
    chip = load_chip("loihi1")
    moved = chip.at("high", only="energy_per_synop_dense_j")
    changed = {
        key
        for (key, constant), (_, other) in zip(chip.constants(), moved.constants(), strict=True)
        if constant.value != other.value
    }
    assert changed == {"energy_per_synop_dense_j"}
    assert moved.energy.energy_per_synop_dense_j.value == 35.5e-12
    assert chip.energy.energy_per_synop_dense_j.value == 23.6e-12


def test_a_limit_with_a_range_stays_whole() -> None:
    """Ends are for costs: half a neuron isn't placed."""
    chip = load_chip("loihi1")
    cores = chip.limits.cores.model_copy(update={"low": 1.5, "high": 200.5})
    ranged = chip.model_copy(update={"limits": chip.limits.model_copy(update={"cores": cores})})
    assert ranged.at("low").limits.cores.value == 128
