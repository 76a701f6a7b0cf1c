"""Cases that test leakage, overhead or plausibility only: V1, V3, V4, V8, and CIFAR on 16 chips."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.silicon_rows import Row
from hwsim.chips.chip import Chip
from hwsim.chips.load import load_chip

SETS = ("loihi1", "loihi1-fitted")


def rows(cases: dict[str, Any]) -> Iterator[Row]:
    """Every figure with the reason for its ratio."""
    yield from _update_floor(cases["lsnn_mnist"])
    yield from _copies(cases["keyword_copies"])
    yield from _overhead(cases)
    yield from _leakage(cases["quartz_cifar"])


def _update_floor(case: dict[str, Any]) -> Iterator[Row]:
    """V1: neurons times the price of an update, and nothing else, since spikes weren't logged."""
    units = sum(case["units"].values())
    measured_j = case["core_dynamic_w"] * case["step_s"]
    for name in SETS:
        energy = load_chip(name).energy
        active_j = units * energy.energy_per_update_active_j.value
        idle_j = units * energy.energy_per_update_inactive_j.value
        yield Row(
            "lsnn_mnist", "plausibility", "floor of neuron updates per step", "J", name,
            active_j, measured_j,
            f"{units} units, all active; {idle_j / measured_j:.2f} with all inactive; synaptic "
            "operations and the adaptive units' extra compartments are missing, inputs may be "
            "axons and cost nothing",
        )  # fmt: skip


def _copies(case: dict[str, Any]) -> Iterator[Row]:
    """V4: the slope over copies; the firing rate that it implies."""
    fitted = [n for n in case["copies"] if n > 0]
    joules = case["dynamic_j_per_inference"][-len(fitted) :]
    slope_j = float(np.polyfit(fitted, joules, 1)[0])
    neurons = case["layers"] * case["neurons_per_layer"]
    measured_j = slope_j / (neurons * case["steps"])
    for name in SETS:
        energy = load_chip(name).energy
        floor_j = energy.energy_per_update_active_j.value
        per_spike_j = (
            case["neurons_per_layer"] * energy.energy_per_synop_dense_j.value
            + energy.energy_per_spike_j.value
            + energy.energy_per_message_out_j.value
        )
        rate = (measured_j - floor_j) / per_spike_j
        yield Row(
            "keyword_copies", "plausibility", "floor of neuron updates per neuron and step", "J",
            name, floor_j, measured_j,
            f"the rest of the measured slope is spikes: {rate:.3f} per neuron and step, which is "
            "plausible and wasn't logged",
        )  # fmt: skip


def _overhead(cases: dict[str, Any]) -> Iterator[Row]:
    """V3, V8, V1: power of the embedded processors, and leakage where cores aren't known."""
    spotter, babi, mnist = cases["keyword_spotter"], cases["lsnn_babi"], cases["lsnn_mnist"]
    for name in SETS:
        power = load_chip(name).power
        embedded_w = power.embedded_power_per_chip_w.value
        yield Row(
            "keyword_spotter", "overhead", "power above idle", "W", name, embedded_w,
            spotter["running_w"] - spotter["idle_w"],
            "embedded processors alone; a chip that has run a model draws some 70 mW more than "
            "after boot, which isn't counted events",
        )  # fmt: skip
        yield Row(
            "lsnn_mnist", "overhead", "embedded processors", "W", name, embedded_w,
            mnist["embedded_dynamic_w"] + mnist["embedded_static_w"],
            "not independent: the constant is this case's",
        )  # fmt: skip
        yield Row(
            "lsnn_babi", "overhead", "embedded processors of 22 chips", "W", name,
            babi["chips"] * embedded_w, babi["embedded_dynamic_w"] + babi["embedded_static_w"],
            "per chip less than in the one-chip run that the constant comes from",
        )  # fmt: skip
        yield Row(
            "lsnn_babi", "static", "leakage of 22 whole chips", "W", name,
            babi["chips"] * power.static_power_per_chip_w.value, babi["core_static_w"],
            "measured is scaled to the cores in use, and how many those are wasn't printed: an "
            "upper bound",
        )  # fmt: skip


def _leakage(case: dict[str, Any]) -> Iterator[Row]:
    for name in SETS:
        chip: Chip = load_chip(name)
        yield Row(
            "quartz_cifar", "static", "leakage of 1753 cores in use", "W", name,
            case["cores"] * chip.power.static_power_per_core_w.value, case["core_static_w"],
            "the constant is a chip's leakage over all its cores, from another board",
        )  # fmt: skip
        yield Row(
            "quartz_cifar", "overhead", "embedded processors of 16 chips", "W", name,
            case["chips"] * chip.power.embedded_power_per_chip_w.value,
            case["embedded_dynamic_w"],
            "measured: dynamic part only",
        )  # fmt: skip
