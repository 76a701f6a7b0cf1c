"""Input forms: how samples enter the chip. A file and a line below each, and three more places.

A new form is also a word of `export.chip.graph.InputForm`, of `input_form` in
`trainers.export_tables.ExportTable`, and of each chip description in `hwsim/chips` that has it.
"""

from export.chip.graph import InputForm
from export.quantizing.input_forms.bias import BIAS
from export.quantizing.input_forms.graded import GRADED
from export.quantizing.input_forms.input_form import (
    PAYLOAD_BITS,
    Calibration,
    ChipInputs,
    Encoded,
    FirstLayer,
    InputFormRow,
)
from export.quantizing.input_forms.spikes import SPIKES

__all__ = [
    "INPUT_FORMS",
    "PAYLOAD_BITS",
    "Calibration",
    "ChipInputs",
    "Encoded",
    "FirstLayer",
    "InputFormRow",
]

INPUT_FORMS: dict[InputForm, InputFormRow] = {
    "bias": BIAS,
    "spikes": SPIKES,
    "graded": GRADED,
}
