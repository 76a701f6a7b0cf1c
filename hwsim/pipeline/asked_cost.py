"""Costs a trace as [report] of a recipe asks for."""

from hwsim.chips.load import load_chip
from hwsim.costing.cost import cost, with_accuracy
from hwsim.engine.trace import Trace
from hwsim.report.model import Report
from trainers.recipe_tables import ReportTable


def costed(trace: Trace, chip: str, table: ReportTable, accuracy: float | None) -> Report:
    """The report of a trace.

    Args:
        trace: with counts per neuron.
        chip: name or file of the chip.
        table: how the network is placed, and what it is compared with.
        accuracy: of the emulated network, for NeuroBench's metrics; None where not measured.

    Raises:
        ChipError: as `hwsim.costing.cost.cost`.
    """
    report = cost(
        trace,
        load_chip(chip),
        objective=table.placement,
        chips=table.chips,
        throttle_s=table.throttle_s,
        devices=table.devices,
    )
    return with_accuracy(report, accuracy)
