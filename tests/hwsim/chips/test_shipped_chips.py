"""The Loihi files number by number: the published table, the fitted set, and what is derived."""

from typing import Any

import pytest

from hwsim.chips.chip import Chip
from hwsim.chips.constant import Constant
from hwsim.chips.load import CHIPS, load_chip

SYNOPS = ("synop_dense", "synop_sparse", "synop_conv")
UPDATES = ("update_active", "update_inactive")
HOPS = ("hop_east_west", "hop_north_south")
ENERGY_GAIN = {
    **dict.fromkeys(SYNOPS, 5), **dict.fromkeys(UPDATES, 2), **dict.fromkeys(HOPS, 2),
    "spike": 10, "message_out": 10, "message_in": 1, "message_in_tile": 2,
    "chip_crossing": 4, "io_word": 4,
}  # fmt: skip
"""What a low energy of Loihi 2 was divided by: the factor of the event's time."""

PAIRS = [("loihi2", "loihi1"), ("loihi2-fitted", "loihi1-fitted")]


def energies(chip: Chip) -> dict[str, Constant[Any]]:
    """Energy constants by event."""
    return {
        key.removeprefix("energy_per_").removesuffix("_j"): getattr(chip.energy, key)
        for key in type(chip.energy).model_fields
    }


def latencies(chip: Chip) -> dict[str, Constant[Any]]:
    """Latency constants by event, those of single events only."""
    return {
        key.removeprefix("latency_per_").removesuffix("_s"): getattr(chip.latency, key)
        for key in type(chip.latency).model_fields
        if key.startswith("latency_per_")
    }


def values(constants: dict[str, Constant[Any]]) -> dict[str, float]:
    """Their values in pico- or nanounits."""
    return {event: constant.value for event, constant in constants.items()}


@pytest.mark.parametrize("name", CHIPS)
def test_every_number_that_ships_names_a_source_that_exists(name: str) -> None:
    """Each limit and cost carries a citation of the chip's own list, with a link."""
    chip = load_chip(name)
    assert chip.name == name
    constants = list(chip.constants())
    assert len(constants) == 47
    assert {constant.source for _, constant in constants} <= set(chip.sources)
    for source in chip.sources.values():
        assert len(source.citation) > 20
        assert source.url.startswith("https://")


@pytest.mark.parametrize("name", CHIPS)
def test_sources_named_in_notes_exist(name: str) -> None:
    """A note that ends in a source in brackets names one of the list."""
    chip = load_chip(name)
    for source in ("quartz", "abr", "ozu"):
        named = any(f"({source})" in constant.note for _, constant in chip.constants())
        assert named == (source in chip.sources)


def test_loihi1_holds_the_published_table() -> None:
    """Davies et al. 2018, Table 2; what isn't in it is 0 and assumed."""
    chip = load_chip("loihi1")
    assert values(energies(chip)) == {
        "synop_dense": 23.6e-12, "synop_sparse": 23.6e-12, "synop_conv": 23.6e-12,
        "update_active": 81e-12, "update_inactive": 52e-12, "spike": 0, "message_out": 0,
        "message_in": 0, "message_in_tile": 1.7e-12, "hop_east_west": 3e-12,
        "hop_north_south": 4e-12, "chip_crossing": 320e-12, "io_word": 320e-12,
    }  # fmt: skip
    assert values(latencies(chip)) == {
        "synop_dense": 3.5e-9, "synop_sparse": 3.5e-9, "synop_conv": 3.5e-9,
        "update_active": 8.4e-9, "update_inactive": 5.3e-9, "spike": 0, "message_out": 2.1e-9,
        "message_in": 0, "hop_east_west": 4.1e-9, "hop_north_south": 6.5e-9,
    }  # fmt: skip
    assert chip.latency.barrier.value.points == ((1, 113e-9), (32, 465e-9))
    assert chip.latency.link_messages_per_s.value == 3.44e9
    for table in (energies(chip), latencies(chip)):
        for event in ("spike", "message_in"):
            assert table[event].grade == "assumed"
        for event in (*SYNOPS, *UPDATES, *HOPS):
            assert table[event].grade == "published"


def test_loihi1_fitted_holds_the_fitted_set() -> None:
    """Boyle et al. 2025: an active update is access and update, 51.2 + 21.6 pJ, 6.0 + 3.7 ns."""
    chip = load_chip("loihi1-fitted")
    found = values(energies(chip))
    crossings = {"chip_crossing": 320e-12, "io_word": 320e-12}
    assert found == pytest.approx({
        "synop_dense": 35.5e-12, "synop_sparse": 33.6e-12, "synop_conv": 24e-12,
        "update_active": (51.2 + 21.6) * 1e-12, "update_inactive": 51.2e-12, "spike": 69.3e-12,
        "message_out": 111e-12, "message_in": 0, "message_in_tile": 0, "hop_east_west": 3e-12,
        "hop_north_south": 4.2e-12, **crossings,
    })  # fmt: skip
    assert values(latencies(chip)) == pytest.approx({
        "synop_dense": 3.8e-9, "synop_sparse": 4.7e-9, "synop_conv": 3.1e-9,
        "update_active": (6.0 + 3.7) * 1e-9, "update_inactive": 6.0e-9, "spike": 30e-9,
        "message_out": 5.1e-9, "message_in": 16e-9, "hop_east_west": 4.1e-9,
        "hop_north_south": 6.5e-9,
    })  # fmt: skip
    assert chip.latency.barrier.value.points == (
        (1, 0.6e-6), (2, 1.0e-6), (4, 1.4e-6), (29, 1.8e-6),
    )  # fmt: skip


def test_fitted_ranges_are_the_fits_error() -> None:
    """11.7 % of every fitted energy and 24.3 % of every fitted time, to the digits printed."""
    chip = load_chip("loihi1-fitted")
    for table, error, unit in ((energies(chip), 0.117, 1e-12), (latencies(chip), 0.243, 1e-9)):
        fitted = {
            event: constant
            for event, constant in table.items()
            if constant.grade == "measured" and constant.value
        }
        assert len(fitted) >= 7
        for constant in fitted.values():
            digits = 0.51 * unit if constant.value > 99e-12 and unit == 1e-12 else 0.051 * unit
            assert constant.low == pytest.approx(constant.value * (1 - error), abs=digits)
            assert constant.high == pytest.approx(constant.value * (1 + error), abs=digits)


def test_published_and_fitted_ranges_reach_each_other() -> None:
    """The published file's range of an event holds the fitted value too."""
    published, fitted = load_chip("loihi1"), load_chip("loihi1-fitted")
    for table in (energies, latencies):
        for event, constant in table(published).items():
            if event != "message_in_tile":
                assert constant.bound("low") <= table(fitted)[event].value
                assert table(fitted)[event].value <= constant.bound("high")


def test_power_of_loihi1_is_recomputed() -> None:
    """3.34 W over 32 chips, that over 128 cores; 4.2 mW over 11; 258 mW over 16 chips."""
    for name in ("loihi1", "loihi1-fitted"):
        power = load_chip(name).power
        assert power.static_power_per_chip_w.value == pytest.approx(3.34 / 32, rel=1e-3)
        assert power.static_power_per_core_w.value == pytest.approx(3.34 / 32 / 128, rel=2e-3)
        assert power.static_power_per_core_w.low == pytest.approx(4.2e-3 / 11, rel=1e-2)
        embedded = power.embedded_power_per_chip_w
        assert embedded.value == pytest.approx(23.20e-3 + 0.149e-3, rel=5e-3)
        assert embedded.low == pytest.approx(258e-3 / 16, rel=5e-3)


@pytest.mark.parametrize(("second", "first"), PAIRS)
def test_loihi2_claims_no_energy_as_published(second: str, first: str) -> None:
    """Loihi 1's are kept, assumed; low divides by the factor of the event's time."""
    old, new = energies(load_chip(first)), energies(load_chip(second))
    for event, constant in new.items():
        assert constant.grade == "assumed"
        assert constant.value == old[event].value
        assert constant.high == old[event].bound("high")
        least = 32e-12 if event in ("chip_crossing", "io_word") else constant.value
        assert constant.low == pytest.approx(least / ENERGY_GAIN[event])


@pytest.mark.parametrize(("second", "first"), PAIRS)
def test_loihi2_times_are_scaled_by_intels_factors(second: str, first: str) -> None:
    """Synaptic operation / 5, update / 2, spike / 10; ends: low with the factor, high with 2."""
    old, new = latencies(load_chip(first)), latencies(load_chip(second))
    factors = {**dict.fromkeys(SYNOPS, 5), **dict.fromkeys(UPDATES, 2), "spike": 10}
    for event, factor in factors.items():
        constant, before = new[event], old[event]
        assert constant.value == pytest.approx(before.value / factor)
        assert constant.low == pytest.approx(before.bound("low") / factor)
        assert constant.high == pytest.approx(before.bound("high") / 2)
        assert constant.grade == ("derived" if before.value else "assumed")


@pytest.mark.parametrize(("second", "first"), PAIRS)
def test_loihi2_keeps_times_without_a_factor(second: str, first: str) -> None:
    """Messages and hops are Loihi 1's, assumed; low with 10, 5 and 2."""
    old, new = latencies(load_chip(first)), latencies(load_chip(second))
    for event, factor in {"message_out": 10, "message_in": 5, **dict.fromkeys(HOPS, 2)}.items():
        constant, before = new[event], old[event]
        assert constant.value == before.value
        assert constant.low == pytest.approx(before.bound("low") / factor)
        assert constant.high == pytest.approx(before.bound("high"))
        assert constant.grade == "assumed"


def test_scaled_set_by_hand() -> None:
    """The numbers that others derived the same way: access 3.0, update 1.85, spike 3.0 ns."""
    latency = load_chip("loihi2-fitted").latency
    assert latency.latency_per_update_inactive_s.value == 3.0e-9
    assert latency.latency_per_update_active_s.value == pytest.approx(3.0e-9 + 1.85e-9)
    assert latency.latency_per_synop_dense_s.value == pytest.approx(0.76e-9)
    assert latency.latency_per_spike_s.value == 3.0e-9
    assert load_chip("loihi2").latency.latency_per_synop_conv_s.value == pytest.approx(3.5e-9 / 5)


def test_barriers_of_loihi2_are_proportions_of_intels_floor() -> None:
    """200 ns in Loihi 1's proportions: x 113 / 465; x 0.6, 1.0, 1.4 / 1.8, to whole ns."""
    (_, least), (tiles, most) = load_chip("loihi2").latency.barrier.value.points
    assert (tiles, most) == (32, 200e-9)
    assert least == pytest.approx(200e-9 * 113 / 465, rel=1e-3)
    points = load_chip("loihi2-fitted").latency.barrier.value.points
    old = load_chip("loihi1-fitted").latency.barrier.value.points
    assert points == ((1, 67e-9), (2, 111e-9), (4, 156e-9), (29, 200e-9))
    assert [tiles for tiles, _ in points] == [tiles for tiles, _ in old]
    for (_, seconds), (_, before) in zip(points, old, strict=True):
        assert seconds == pytest.approx(200e-9 * before / 1.8e-6, abs=0.5e-9)


def test_barriers_of_many_chips_are_loihi1s() -> None:
    """Frady 2020 for both; one chip as its own barrier on all tiles."""
    for name in CHIPS:
        latency = load_chip(name).latency
        first, *rest = latency.barrier_chips.value.points
        assert first == (1, latency.barrier.value.at(32))
        assert rest == [(32, 5.8e-6), (256, 14.3e-6), (768, 16.2e-6)]
    assert load_chip("loihi2").latency.barrier_chips.grade == "assumed"


@pytest.mark.parametrize("name", ["loihi2", "loihi2-fitted"])
def test_every_scaled_value_has_low_and_high(name: str) -> None:
    """All energies, all times of events, the link, power and host; none claims to be published."""
    chip = load_chip(name)
    costs = [*chip.energy.model_fields_set, *latencies(chip)]
    assert len(costs) == 23
    for table in (energies(chip), latencies(chip)):
        for constant in table.values():
            assert constant.low is not None
            assert constant.high is not None
    for constant in (chip.latency.link_messages_per_s, chip.host.energy_per_mac_j):
        assert constant.low is not None
    for section in (chip.energy, chip.latency, chip.power):
        for key in type(section).model_fields:
            assert getattr(section, key).grade in {"derived", "assumed"} or key == (
                "static_power_per_chip_w"
            )
            assert getattr(section, key).note


@pytest.mark.parametrize("name", ["loihi2", "loihi2-fitted"])
def test_power_of_loihi2_is_recomputed(name: str) -> None:
    """Two runs, 0.2321 and 0.2818 W: their mean, and that over 128 cores."""
    power = load_chip(name).power
    chip, core = power.static_power_per_chip_w, power.static_power_per_core_w
    assert (chip.low, chip.high, chip.grade) == (0.2321, 0.2818, "measured")
    assert chip.value == pytest.approx((0.2321 + 0.2818) / 2, abs=1e-4)
    for end in ("low", "nominal", "high"):
        assert core.bound(end) == pytest.approx(chip.bound(end) / 128, rel=1e-3)
    embedded = power.embedded_power_per_chip_w
    assert (embedded.low, embedded.grade) == (0.0, "assumed")
    assert embedded.value == load_chip("loihi1").power.embedded_power_per_chip_w.value


@pytest.mark.parametrize(("second", "first"), PAIRS)
def test_what_the_generations_take(second: str, first: str) -> None:
    """Graded payloads, eight times the neurons, and zeros of convolutions that don't count."""
    old, new = load_chip(first), load_chip(second)
    assert "graded" in new.inputs.forms.value
    assert "graded" not in old.inputs.forms.value
    assert (old.limits.neurons_per_core.value, new.limits.neurons_per_core.value) == (1024, 8192)
    assert new.limits.chips.value == 1152
    for chip in (old, new):
        assert chip.limits.synaptic_memory_bits_per_core.value == 16384 * 64
        assert chip.limits.cores.value == 128
    assert old.synapses.conv_counts_zeros.value is True
    assert new.synapses.conv_counts_zeros.value is False
    assert new.synapses.conv_counts_zeros.grade == "measured"
