"""An input form must suit the chip and the data: both are asked before anything is trained."""

from export.chip.graph import InputForm
from export.quantizing.input_forms.spikes import refuse_other_values
from export.quantizing.quantize import CALIBRATION_SAMPLES
from export.targets import TARGETS
from hwsim.chips.load import load_chip
from hwsim.errors import SimulationError
from trainers.data import DataSplits
from trainers.recipe import Recipe


def require_form(form: InputForm, chip_name: str) -> None:
    """Refuses an input form the chip doesn't have, by name.

    Raises:
        SimulationError: for example graded payloads on loihi1.
        ChipError: no such chip.
    """
    forms = load_chip(chip_name).inputs.forms.value
    if form not in forms:
        raise SimulationError(
            f"chip '{chip_name}': has no input form '{form}', only {', '.join(forms)}. Choose "
            "another chip or export another input form."
        )


def require_form_of_recipe(recipe: Recipe) -> None:
    """Refuses a recipe whose chip doesn't have its input form.

    Raises:
        SimulationError: for example graded payloads on loihi1.
        ChipError: no such chip.
    """
    if _quantised(recipe):
        require_form(recipe.export.input_form, recipe.simulate.chip)


def refuse_unfit_data(recipe: Recipe, data: DataSplits) -> None:
    """Refuses form `spikes` where the inputs that will set its scales are other than 0 and 1.

    Raises:
        DataError: with the first such value.
    """
    if recipe.export.input_form == "spikes" and _quantised(recipe):
        refuse_other_values(data.validation.inputs[:CALIBRATION_SAMPLES])


def _quantised(recipe: Recipe) -> bool:
    return any(TARGETS[name].quantised for name in recipe.export.targets if name in TARGETS)
