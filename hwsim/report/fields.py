"""What every table of report.json is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Fact = str | int | float | bool | None


class ReportTable(BaseModel):
    """A table of the report; unknown keys and numbers that aren't finite are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
