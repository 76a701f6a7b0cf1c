"""Numbers as people read them: SI prefixes, three figures, thousands apart."""

import math

PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
FIGURES = 3


def si(value: float, unit: str) -> str:
    """A quantity with the prefix that leaves 1 to 999 before it: 4.47e-7 J -> "447 nJ"."""
    exponent = prefix_exponent(value)
    return f"{_three_figures(value / 10.0**exponent)} {PREFIXES[exponent]}{unit}"


def si_range(low: float, high: float, unit: str) -> str:
    """Two ends of a range, the unit once where both have it: "343 to 972 nJ"."""
    first, last = si(low, unit), si(high, unit)
    number, _, prefixed = first.partition(" ")
    return f"{number} to {last}" if last.endswith(f" {prefixed}") else f"{first} to {last}"


def prefix_exponent(value: float) -> int:
    """Power of ten of the SI prefix that suits a value, after rounding to three figures."""
    if value == 0:
        return 0
    # Rounded first, so that 999.7 n becomes 1.00 µ and not 1000 n.
    rounded = float(f"{abs(value):.{FIGURES - 1}e}")
    thousands = math.floor(math.log10(rounded) / 3 + 1e-12)
    return 3 * min(max(thousands, min(PREFIXES) // 3), max(PREFIXES) // 3)


def count(value: float) -> str:
    """A count or a mean of counts: 1234.5 -> "1,234", 12.34 -> "12.3", 7.0 -> "7"."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return _three_figures(value)


def percent(share: float, decimals: int = 1) -> str:
    """A share of one as per cent: 0.164 -> "16.4 %"; a trace of one as "< 0.1 %"."""
    least = 10.0**-decimals
    if 0 < 100 * share < least / 2:
        return f"< {least:.{decimals}f} %"
    return f"{100 * share:.{decimals}f} %"


def _three_figures(value: float) -> str:
    if value == 0:
        return "0"
    before_point = math.floor(math.log10(abs(float(f"{value:.{FIGURES - 1}e}")))) + 1
    return f"{value:.{max(FIGURES - before_point, 0)}f}"
