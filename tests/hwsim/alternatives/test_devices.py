"""One row per chip and device, with what it covers."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hwsim.alternatives.devices import device_rows
from hwsim.chips.chip import Chip
from hwsim.chips.devices import DEVICES, load_device
from hwsim.chips.load import load_chip
from hwsim.errors import ChipError
from hwsim.placement.placement import Excess, Placement
from hwsim.report.alternatives import DeviceRow
from hwsim.report.chip_cost import Range
from tests.hwsim.alternatives.test_priced import graded_trace
from tests.hwsim.alternatives.toy import toy_trace
from tests.hwsim.alternatives.two_cores import two_cores


@dataclass(frozen=True)
class Estimated:
    """A costed chip."""

    chip: Chip
    placement: Placement
    energy: Range
    latency_s: float


def costed(placement: Placement) -> Estimated:
    """The toy on Loihi 1, at made-up cost."""
    return Estimated(load_chip("loihi1"), placement, Range(low=1, nominal=2, high=3), 4.0)


def row(name: str) -> DeviceRow:
    """The toy on one device."""
    (found,) = device_rows(toy_trace(), {}, devices=(name,))
    return found


def test_chips_come_first_then_every_device() -> None:
    """Each in its order."""
    rows = device_rows(toy_trace(), {"loihi1": costed(two_cores())})
    assert [found.name for found in rows] == ["loihi1", *DEVICES]
    assert [found.kind for found in rows] == ["chip"] + ["operations"] * len(DEVICES)


def test_a_chip_brings_its_placement_energy_and_time() -> None:
    """As estimated; cores and chips from the placement."""
    chip = device_rows(toy_trace(), {"loihi1": costed(two_cores())}, devices=())[0]
    assert chip.energy_j == Range(low=1, nominal=2, high=3)
    assert (chip.latency_s, chip.cores, chip.chips, chip.fits) == (4.0, 2, 1, True)
    assert "Davies" in chip.source
    assert "host" in chip.scope


def test_a_chip_that_is_too_small_says_so() -> None:
    """The costs stay, the scope tells what they are worth."""
    placement = replace(two_cores(), excesses=(Excess("cores", 2, 1),))
    chip = device_rows(toy_trace(), {"loihi1": costed(placement)}, devices=())[0]
    assert chip.fits is False
    assert "breaks the chip's limits" in chip.scope


def test_truenorth_is_its_events_and_nothing_on_top() -> None:
    """7 synops of 26 pJ with static power in them; at most a chip's 65 mW for 4 ticks of 1 ms."""
    found = row("truenorth")
    assert found.energy_j == Range(low=7 * 2.5e-12, nominal=7 * 26e-12, high=65e-3 * 4e-3)
    assert found.latency_s == pytest.approx(4e-3)
    assert (found.cores, found.chips, found.fits) == (None, None, None)
    assert "isn't added again" in found.scope
    assert "multiply-accumulates for the first linear operation aren't in it" in found.scope
    assert "no price of their own" in found.scope


def test_a_gpu_prices_updates_and_the_host_too() -> None:
    """7 synops, 14 neuron updates and 12 MACs of 0.3 nJ."""
    found = row("gpu-titan-black")
    assert found.energy_j is not None
    assert found.energy_j.nominal == pytest.approx(33 * 0.3e-9)
    assert found.latency_s is None
    assert "synaptic operations and neuron updates" in found.scope
    assert "first linear operation are in it" in found.scope


def test_ranges_follow_the_constants() -> None:
    """int8: additions of 0.03 to 0.1 pJ, MACs of 0.23 to 0.3."""
    energy = row("cmos45-int8").energy_j
    assert energy is not None
    assert energy.low == energy.nominal == pytest.approx((7 * 0.03 + 12 * 0.23) * 1e-12)
    assert energy.high == pytest.approx((7 * 0.1 + 12 * 0.3) * 1e-12)


def test_a_device_with_memory_is_priced_by_it() -> None:
    """The SNN of the priced pair."""
    found = row("cmos45-memory")
    assert found.energy_j is not None
    assert found.energy_j.nominal == pytest.approx(108.276953125e-12)
    assert "memory accesses" in found.scope


def test_payloads_cost_a_mac_only_where_there_is_a_price() -> None:
    """5 payload synops: 4.6 pJ in float32, 26 pJ like any other event on TrueNorth."""
    rows = device_rows(graded_trace(), {}, devices=("cmos45-float32", "truenorth"))
    joules = [found.energy_j.nominal for found in rows if found.energy_j is not None]
    assert joules == pytest.approx([(5 * 4.6 + 2 * 0.9) * 1e-12, 7 * 26e-12])


def test_a_users_own_device_works_by_path(tmp_path: Path) -> None:
    """Any .toml file of the same form."""
    text = Path(__file__).parents[3] / "hwsim" / "chips" / DEVICES["cmos45-float32"]
    mine = tmp_path / "mine.toml"
    mine.write_text(
        text.read_text()
        .replace('name = "cmos45-float32"', 'name = "mine"')
        .replace("value = 0.9e-12", "value = 2e-12")
    )
    (found,) = device_rows(toy_trace(host_macs=0), {}, devices=(mine,))
    assert found.name == "mine"
    assert found.energy_j is not None
    assert found.energy_j.nominal == pytest.approx(14e-12)
    assert load_device("cmos45-float32").scope in found.scope


def test_an_unknown_device_is_refused() -> None:
    """By name."""
    with pytest.raises(ChipError, match="device 'abacus': unknown"):
        device_rows(toy_trace(), {}, devices=("abacus",))
