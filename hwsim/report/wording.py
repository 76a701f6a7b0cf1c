"""Facts, constants and warnings of a report in words, the same in every form of it."""

from hwsim.report.chip_cost import ChipConstant, Range
from hwsim.report.fields import Fact
from hwsim.report.model import Report
from hwsim.report.placed import ChipUse, Excess
from hwsim.report.units import count, percent, si, si_range
from hwsim.verify.row import Row

UNITS = {"_per_s": "/s", "_j": "J", "_s": "s", "_w": "W"}
"""The unit that the end of a chip constant's key names; the longer end first."""


def excess_sentence(excess: Excess) -> str:
    """Which limit is broken, by how much, and what would help."""
    over = count(excess.used - excess.allowed)
    advice = f" {sentence(excess.advice)}" if excess.advice else ""
    return f"{excess.limit}: {count(excess.used)} exceed {count(excess.allowed)} by {over}.{advice}"


def warnings(report: Report) -> list[str]:
    """What must not be overlooked: limits that are exceeded, states that left their bits."""
    sentences = [
        f"The network doesn't fit. {capital(excess_sentence(excess))} Energy and time are "
        "estimated as if the chip had room."
        for excess in report.chip.excesses
    ]
    for name, event in (("saturations", "was clipped at"), ("wraps", "wrapped around")):
        total = sum(getattr(layer, name) for layer in report.layers)
        if total:
            sentences.append(
                f"State {event} 24 bits {count(total)} times in "
                f"{count(report.simulated_samples)} samples; see the layer table."
            )
    return sentences


def cores_in_use(chip: ChipUse) -> str:
    """Cores of the chips in use, and how many chips those are."""
    chips = "1 chip" if chip.chips_used == 1 else f"{count(chip.chips_used)} chips"
    return f"{count(chip.cores_used)} of {count(chip.cores * chip.chips_used)} cores on {chips}"


def span(found: Range, unit: str) -> str:
    """From low to high; nothing where no constant has a range."""
    if found.low == found.high:
        return ""
    return si_range(found.low, found.high, unit)


def constant_value(constant: ChipConstant) -> str:
    """A constant's value with the unit that its key names."""
    value = constant.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return in_unit_of(constant.key, value)


def in_unit_of(key: str, value: float | None) -> str:
    """A number with the unit that the key names; nothing for none."""
    if value is None:
        return ""
    unit = next((unit for end, unit in UNITS.items() if key.endswith(end)), None)
    return count(value) if unit is None else si(value, unit)


def fact(value: Fact) -> str:
    """A fact about a layer or a path."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) else value


def head(key: str) -> str:
    """A key as the head of a column."""
    return capital(key.replace("_", " "))


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text as a sentence."""
    return capital(text) if text.endswith(".") else f"{capital(text)}."


def shape(sizes: tuple[int, ...]) -> str:
    """A shape as people write it."""
    return " \N{MULTIPLICATION SIGN} ".join(str(size) for size in sizes)


def runtime_cells(row: Row) -> list[str]:
    """A runtime's row: name, precision, what differs, verdict, note."""
    case = "" if row.case is None else f"First: {row.case}"
    return [
        row.runtime,
        row.precision,
        count(row.samples),
        "" if row.spike_mismatches is None else count(row.spike_mismatches),
        "" if row.logit_max_abs_diff is None else f"{row.logit_max_abs_diff:.3g}",
        "" if row.accuracy is None else percent(row.accuracy, 2),
        row.verdict,
        ". ".join(part for part in (row.note, case) if part),
    ]
