"""The network on other chips and devices, as a table."""

from hwsim.report.alternatives import DeviceRow
from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.html_text import Markup
from hwsim.report.model import Report
from hwsim.report.units import count, si, si_range

TITLE = "Chips and devices"
TEXT = (
    "Estimates for the same counted events. A chip was placed and costed event by event; of the "
    "others only operations are priced. Scopes differ, so compare within a scope."
)


def device_table(report: Report) -> str:
    """A row per device; nothing without any."""
    if not report.devices:
        return ""
    columns = [
        Column("Chip or device", ""), Column("Energy"), Column("Low to high"), Column("Latency"),
        Column("Cores"), Column("Chips"), Column("Fits", ""), Column("Scope", "note"),
        Column("Source", "note"),
    ]  # fmt: skip
    return section(
        "devices-table", TITLE, TEXT, table(TITLE, columns, [_cells(row) for row in report.devices])
    )


def _cells(row: DeviceRow) -> list[str]:
    energy = row.energy_j
    return [
        row.title,
        "not known" if energy is None else si(energy.nominal, "J"),
        "" if energy is None or energy.low == energy.high
        else si_range(energy.low, energy.high, "J"),
        _optional(row.latency_s, "s"),
        "" if row.cores is None else count(row.cores),
        "" if row.chips is None else count(row.chips),
        _fits(row.fits),
        row.scope,
        row.source,
    ]  # fmt: skip


def _optional(value: float | None, unit: str) -> str:
    return "" if value is None else si(value, unit)


def _fits(fits: bool | None) -> str:
    if fits is None:
        return ""
    return Markup('<span class="good">yes</span>' if fits else '<span class="bad">no</span>')
