"""Input forms: how samples enter the chip. One file and one line each."""

from export.chip.graph import InputForm
from export.quantizing.input_forms.bias import BIAS
from export.quantizing.input_forms.graded import GRADED
from export.quantizing.input_forms.input_form import (
    PAYLOAD_BITS,
    Calibration,
    ChipInputs,
    FirstLayer,
    InputFormRow,
)
from export.quantizing.input_forms.spikes import SPIKES

__all__ = [
    "INPUT_FORMS",
    "PAYLOAD_BITS",
    "Calibration",
    "ChipInputs",
    "FirstLayer",
    "InputFormRow",
]

INPUT_FORMS: dict[InputForm, InputFormRow] = {
    "bias": BIAS,
    "spikes": SPIKES,
    "graded": GRADED,
}
