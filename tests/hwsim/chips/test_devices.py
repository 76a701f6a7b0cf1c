"""Reference devices: prices of plain operation counts, and memory by its size."""

import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.chips.devices import DEVICES, MemoryModel, load_device
from hwsim.errors import ChipError

KB = 1024
MB = 1024 * KB


def memory() -> MemoryModel:
    """The memory model that ships."""
    model = load_device("cmos45-memory").memory
    assert model is not None
    return model


@pytest.mark.parametrize(
    ("name", "synop", "update", "mac"),
    [
        ("cmos45-float32", 0.9e-12, 0.0, 4.6e-12),
        ("cmos45-int8", 0.03e-12, 0.0, 0.23e-12),
        ("cmos45-memory", 0.1e-12, 0.0, 3.2e-12),
        ("spinnaker1", 13.3e-9, 26e-9, None),
        ("spinnaker2", 450e-12, 2.19e-9, None),
        ("truenorth", 26e-12, 0.0, None),
        ("cpu-i7-4960x", 8.6e-9, 8.6e-9, 8.6e-9),
        ("gpu-titan-black", 0.3e-9, 0.3e-9, 0.3e-9),
        ("arm-cortex-a", 0.9e-9, 0.9e-9, 0.9e-9),
    ],
)
def test_devices_hold_the_printed_figures(
    name: str, synop: float, update: float, mac: float | None
) -> None:
    """Horowitz 2014, Höppner 2019, Merolla 2014 and Degnan 2015, number by number."""
    energy = load_device(name).energy
    assert energy.energy_per_synop_j.value == synop
    assert energy.energy_per_update_j.value == update
    assert (energy.energy_per_mac_j and energy.energy_per_mac_j.value) == mac


def test_multiply_accumulates_are_sums() -> None:
    """45 nm: float32 3.7 + 0.9, int8 0.2 + 0.03, int32 3.1 + 0.1 pJ."""
    sums = {"cmos45-float32": 3.7 + 0.9, "cmos45-int8": 0.2 + 0.03, "cmos45-memory": 3.1 + 0.1}
    for name, picojoules in sums.items():
        mac = load_device(name).energy.energy_per_mac_j
        assert mac is not None
        assert mac.value == pytest.approx(picojoules * 1e-12)
    assert memory().acc_j.value == pytest.approx(0.1e-12)
    assert memory().mac_j.value == pytest.approx(3.2e-12)


def test_truenorths_static_power_is_within_its_event() -> None:
    """72 mW over 2^20 neurons at 20 Hz with 128 synapses each is 26.8 pJ: all of it, at 1 ms."""
    energy = load_device("truenorth").energy
    assert energy.energy_per_synop_j.value == pytest.approx(72e-3 / (2**20 * 20 * 128), rel=0.05)
    assert energy.energy_per_synop_j.low == pytest.approx(1 / 400e9)
    assert energy.includes_static.value is True
    assert energy.tick_s is not None
    assert energy.tick_s.value == 1e-3


def test_spinnaker1_reaches_up_to_the_wall() -> None:
    """Its range holds both figures at the wall, 0.60 and 4.4 uJ per event."""
    synop = load_device("spinnaker1").energy.energy_per_synop_j
    assert synop.low is not None
    assert synop.high == 4.4e-6
    assert synop.low <= 0.60e-6 <= synop.high
    assert load_device("spinnaker1").energy.includes_static.value is False


@pytest.mark.parametrize("name", DEVICES)
def test_every_number_has_a_source_and_every_source_a_link(name: str) -> None:
    """A citation and an https link behind each number; the scope says what is left out."""
    device = load_device(name)
    assert device.name == name
    for _, constant in device.constants():
        source = device.sources[constant.source]
        assert len(source.citation) > 20
        assert source.url.startswith("https://")
    assert "Left out" in device.scope
    assert len(list(device.constants())) >= 3


@pytest.mark.parametrize(
    ("size_bytes", "picojoules"),
    [
        (0, 0.0),
        (4 * KB, 5.0),
        (8 * KB, 10.0),
        (20 * KB, 15.0),
        (32 * KB, 20.0),
        (528 * KB, 60.0),
        (1 * MB, 100.0),
        (1 * MB + 992 * KB, 180.0),
    ],
)
def test_an_access_by_hand(size_bytes: int, picojoules: float) -> None:
    """On the lines between the points; beyond 1 MB 80 pJ for each 992 KB more."""
    assert memory().access_j(size_bytes) == pytest.approx(picojoules * 1e-12)


@given(st.floats(0, MB))
def test_an_access_is_numpys_interpolation(size_bytes: float) -> None:
    """Within the points, as numpy.interp draws them."""
    sizes, joules = zip(*memory().access_energies.value, strict=True)
    assert memory().access_j(size_bytes) == pytest.approx(
        float(np.interp(size_bytes, sizes, joules)), rel=1e-9, abs=1e-20
    )


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_larger_memories_never_cost_less(one: float, other: float) -> None:
    """Also beyond the last point."""
    small, large = sorted((one, other))
    assert memory().access_j(small) <= memory().access_j(large)


@pytest.mark.parametrize("size_bytes", [-1.0, float("nan")])
def test_no_memory_has_no_price(size_bytes: float) -> None:
    """A negative size or none at all is a fault of the caller's."""
    with pytest.raises(ChipError, match="must be 0 or more"):
        memory().access_j(size_bytes)


def test_own_device_is_read_by_path(tmp_path: Path) -> None:
    """A .toml file of the user's works like one that ships."""
    text = resources.files("hwsim.chips").joinpath("truenorth.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('name = "truenorth"', 'name = "mine"'))
    assert load_device(path).name == "mine"
    assert load_device(path).energy == load_device("truenorth").energy


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("truenorth", "value = true", "value = 1", "energy.includes_static.value"),
        ("truenorth", "value = 1e-3", "value = -1e-3", "energy.tick_s.value"),
        ("truenorth", "value = 0.0", "value = nan", "energy.energy_per_update_j.value"),
        ("truenorth", "tick_s", "tock_s", "energy.tock_s: unknown key"),
        ("truenorth", "scope =", "range =", "scope: is missing"),
        ("truenorth", "https://", "http://", "sources.merolla2014.url"),
        ("truenorth", "merolla2014 =", "merolla =", "'merolla2014' isn't a key of [sources]"),
        ("cmos45-memory", "[8192, 10e-12]", "[0, 10e-12]", "don't grow"),
        ("cmos45-memory", "[8192, 10e-12]", "[8192, 30e-12]", "don't grow"),
        ("cmos45-memory", "[8192, 10e-12]", "[8192, inf]", "memory.access_energies"),
        ("cmos45-memory", "[8192, 10e-12]", "[true, 10e-12]", "memory.access_energies"),
        ("cmos45-memory", "[[0, 0.0], [8192, 10e-12], [32768, 20e-12], [1048576, 100e-12]]",
         "[[0, 0.0]]", "memory.access_energies"),
        ("cmos45-memory", "acc_j =", "add_j =", "memory.acc_j: is missing"),
        ("cmos45-memory", 'acc_j = { value = 0.1e-12, source = "lemaire2022"',
         'acc_j = { value = 0.1e-12, source = "hearsay"', "memory.acc_j.source: 'hearsay'"),
    ],
)  # fmt: skip
def test_faults_of_a_device_are_named(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    """As for a chip, with the place, and as a device."""
    text = resources.files("hwsim.chips").joinpath(f"{file}.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ChipError, match=re.escape(said)) as error:
        load_device(path)
    assert str(error.value).endswith("Correct the device file.")


def test_a_chip_is_no_device() -> None:
    """An unknown name lists the devices."""
    with pytest.raises(ChipError, match=r"device 'loihi1': unknown\. Known: cmos45-float32"):
        load_device("loihi1")
