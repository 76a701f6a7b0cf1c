"""The points of a sweep: every combination of what the options name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, get_args

from trainers.errors import ConfigError
from trainers.export_tables import ExportTable, QatTable, ScaleSearch, ThresholdStrategy

THRESHOLD_STRATEGIES: tuple[str, ...] = get_args(ThresholdStrategy)
SCALE_SEARCHES: tuple[str, ...] = get_args(ScaleSearch)
QAT = {"no": (False,), "yes": (True,), "both": (False, True)}
ALL = "all"
MANY_DIGITS = 10


@dataclass(frozen=True)
class Point:
    """One way to convert the trained network.

    Args:
        weight_bits: of a synaptic weight, sign included.
        threshold_strategy: a name of THRESHOLD_STRATEGIES.
        scale_search: a name of SCALE_SEARCHES.
        qat: whether the network is fine-tuned on the chip's integers.
    """

    weight_bits: int
    threshold_strategy: str
    scale_search: str
    qat: bool

    def table(self, of_recipe: ExportTable) -> ExportTable:
        """The recipe's [export] with this point's values, for the chip alone."""
        qat = (of_recipe.qat or QatTable()) if self.qat else None
        return of_recipe.model_copy(
            update={
                "targets": ("chip",),
                "weight_bits": self.weight_bits,
                "threshold_strategy": self.threshold_strategy,
                "scale_search": self.scale_search,
                "qat": qat,
            }
        )


@dataclass(frozen=True)
class Space:
    """Values of each axis, in the order of the tables that list them, none twice."""

    weight_bits: tuple[int, ...]
    threshold_strategies: tuple[str, ...]
    scale_searches: tuple[str, ...]
    qat: tuple[bool, ...]

    def points(self) -> tuple[Point, ...]:
        """Every combination, bits first."""
        axes = (self.weight_bits, self.threshold_strategies, self.scale_searches, self.qat)
        return tuple(Point(*values) for values in product(*axes))

    def with_strategies(self, names: Iterable[str]) -> "Space":
        """The same with other threshold strategies."""
        return replace(self, threshold_strategies=tuple(names))


def parse_bits(text: str) -> tuple[int, ...]:
    """Bit widths of "2:8", "4,6,8", "2:4,8" or "all", ascending.

    Raises:
        ConfigError: no such list, or a width that weights can't have.
    """
    least, most = _bounds()
    if text.strip() == ALL:
        return tuple(range(least, most + 1))
    asked = f"--bits {text}"
    chosen: set[int] = set()
    for part in text.split(","):
        first, colon, last = part.strip().partition(":")
        ends = (first, last) if colon else (first, first)
        if not all(end.isascii() and end.isdigit() and len(end) < MANY_DIGITS for end in ends):
            raise ConfigError(
                f"{asked}: '{part.strip()}' is neither a width nor a range. "
                "Give e.g. 2:8 or 4,6,8 or all."
            )
        low, high = (int(end) for end in ends)
        if not least <= low <= high <= most:
            raise ConfigError(
                f"{asked}: '{part.strip()}' isn't within {least}:{most}, the bits that a weight "
                "may have, the smaller one first. Give e.g. 2:8 or 4,6,8 or all."
            )
        chosen.update(range(low, high + 1))
    return tuple(sorted(chosen))


def parse_names(option: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names of "mean", "mean,calibrated" or "all", in the order of `known`.

    Raises:
        ConfigError: a name that isn't known.
    """
    names = [name.strip() for name in text.split(",")]
    if names == [ALL]:
        return tuple(known)
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{option} {text}: '{name}' is unknown. Known: {', '.join(known)}; or {ALL}."
            )
    return tuple(name for name in known if name in names)


def parse_qat(text: str) -> tuple[bool, ...]:
    """Without and with quantisation-aware fine-tuning, of "no", "yes" or "both".

    Raises:
        ConfigError: another word.
    """
    if text not in QAT:
        raise ConfigError(f"--qat {text}: unknown. Choose {', '.join(QAT)}.")
    return QAT[text]


def _bounds() -> tuple[int, int]:
    limits: dict[str, Any] = {
        key: getattr(limit, key)
        for limit in ExportTable.model_fields["weight_bits"].metadata
        for key in ("ge", "le")
        if hasattr(limit, key)
    }
    return limits["ge"], limits["le"]
