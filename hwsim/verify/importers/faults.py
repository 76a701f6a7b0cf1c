"""What a foreign importer raises on a network it can't take, and how it is told."""

FOREIGN_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""How a foreign importer says that it can't take a network: no two use the same."""


def fault_line(error: BaseException) -> str:
    """A foreign error in one line: its kind and the first line of what it says."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
