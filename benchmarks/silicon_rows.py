"""One figure of the comparison with silicon: predicted beside measured."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["energy", "time", "counts", "static", "overhead", "plausibility"]

CASES = Path(__file__).with_name("silicon_cases.toml")


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        case: table of silicon_cases.toml.
        kind: what the comparison tests.
        quantity: in words.
        unit: of predicted and measured.
        constants: chip file that was used.
        predicted: nominal.
        measured: on silicon; of `counts`, read from the case's plots.
        low: prediction with every constant at its low end; None where it has no range.
        high: likewise at its high end.
        bound: largest |ratio - 1| that was asked for beforehand; None where none was.
        reason: why the ratio is what it is.
    """

    case: str
    kind: Kind
    quantity: str
    unit: str
    constants: str
    predicted: float
    measured: float
    reason: str
    low: float | None = None
    high: float | None = None
    bound: float | None = None

    @property
    def ratio(self) -> float:
        """Predicted / measured."""
        return self.predicted / self.measured

    @property
    def holds(self) -> bool | None:
        """Whether the ratio lies within the bound; None without one."""
        return None if self.bound is None else abs(self.ratio - 1) <= self.bound


def cases() -> dict[str, Any]:
    """The measured figures and the rules."""
    return tomllib.loads(CASES.read_text(encoding="utf-8"))
