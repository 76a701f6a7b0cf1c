"""How pydantic's findings become clauses."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trainers.faults import checked, unknown


class Shelf(BaseModel):
    """A model with every kind of fault."""

    model_config = ConfigDict(extra="forbid")
    books: int = Field(default=1, ge=0)
    widths: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.books == 7:
            raise ValueError("seven books are too many")
        return self


def clauses(values: object, place: str = "shelf") -> list[str]:
    """The faults of these values."""
    faults: list[str] = []
    assert checked(Shelf, values, place, faults) is None
    return faults


def test_a_valid_model_adds_no_fault() -> None:
    """And comes back."""
    faults: list[str] = []
    assert checked(Shelf, {"books": 3}, "", faults) == Shelf(books=3)
    assert faults == []


def test_every_fault_has_its_place_and_value() -> None:
    """Nested places are dotted; an unknown key says so."""
    assert clauses({"books": -2, "widths": [1, "x"], "colour": 1}) == [
        "shelf.books: input should be greater than or equal to 0 (got -2)",
        "shelf.widths.1: input should be a valid integer, unable to parse string as an integer "
        "(got 'x')",
        "shelf.colour: unknown key",
    ]


def test_places_have_no_stray_dots() -> None:
    """Neither at the top, nor where the whole table is at fault."""
    assert clauses({"colour": 1}, "") == ["colour: unknown key"]
    assert clauses(5)[0].startswith("shelf: input should be a valid dictionary")


def test_a_rule_s_own_sentence_is_kept() -> None:
    """Without pydantic's prefix, without the whole table as the value."""
    assert clauses({"books": 7}) == ["shelf: seven books are too many"]


def test_long_values_are_cut_and_stay_on_one_line() -> None:
    """A message is one line, whatever was passed."""
    (clause,) = clauses({"books": "line\n" * 100})
    assert len(clause) < 200
    assert "\n" not in clause


def test_an_unknown_name_lists_the_known_ones() -> None:
    """In alphabetical order."""
    assert unknown("data.name", "x", {"b": 1, "a": 2}) == "data.name: unknown 'x'; known: a, b"
