"""What every table of a recipe has in common."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Unknown keys, NaN and infinities are faults; a table never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
