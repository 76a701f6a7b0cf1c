"""One number of a chip or device file with its pedigree: source, grade and range."""

import math
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Grade = Literal["published", "measured", "derived", "assumed"]
Bound = Literal["low", "nominal", "high"]
Value = TypeVar("Value")


class Table(BaseModel):
    """A table of a chip or device file; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Table):
    """Where numbers come from.

    Args:
        citation: authors, year, title or file.
        url: a link for readers, https only; empty where there is none.
    """

    citation: Annotated[str, Field(min_length=1)]
    url: Annotated[str, Field(pattern=r"^(https://[^\s\"'<>]+)?$")] = ""


class Constant(Table, Generic[Value]):
    """One value with its pedigree.

    Args:
        value: in the SI unit that ends its key, or a plain count.
        source: key of the file's [sources].
        grade: published by the maker, measured on silicon, derived from those, or assumed.
        note: what a reader of the number must know.
        low: smallest value that the sources leave possible; None where no range is known.
        high: the largest.
    """

    value: Value
    source: str
    grade: Grade
    note: str = ""
    low: Annotated[float, Field(strict=True)] | None = None
    high: Annotated[float, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _range_holds_the_value(self) -> Self:
        if self.low is None and self.high is None:
            return self
        value: Any = self.value
        if self.low is None or self.high is None or not _is_number(value):
            raise ValueError("low and high stand together, at a number")
        if not 0 <= self.low <= value <= self.high or math.isinf(self.high):
            raise ValueError(f"{value} doesn't lie within low {self.low} and high {self.high}")
        return self

    @property
    def has_range(self) -> bool:
        """Whether the sources leave a range of values possible."""
        return self.low is not None and self.low != self.high

    def bound(self, which: Bound) -> Any:
        """The value, or the end of its range, where it has one."""
        end = {"low": self.low, "nominal": None, "high": self.high}[which]
        return self.value if end is None else end


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


Flag = Constant[Annotated[bool, Field(strict=True)]]
Limit = Constant[Annotated[int, Field(strict=True, ge=1)]]
Cost = Constant[Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]]
Rate = Constant[Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]]
