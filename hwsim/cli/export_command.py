"""`spikeport export`: freeze a trained run and write the files of each target."""

from typing import Annotated

import typer

from hwsim.cli.options import AllowCode, RunDir, existing_run, with_settings


def export(
    folder: RunDir,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="nir|onnx|netx|chip|chip-onnx",
            help="Write only this; repeatable. Files of targets not named are removed.",
        ),
    ] = None,
    input_form: Annotated[
        str | None,
        typer.Option(
            "--input-form", metavar="bias|spikes|graded", help="How samples enter the chip."
        ),
    ] = None,
    allow_code: AllowCode = False,
) -> None:
    """Freeze thresholds, fold norms and pooling, and write the files of each target.

    The chip file is chip.net for a chain and network.chip.h5 for any other network.

    Example: spikeport export runs/digits --target nir --target onnx
    """
    from export.quantizing.input_forms import INPUT_FORMS
    from trainers.errors import ConfigError

    if input_form is not None and input_form not in INPUT_FORMS:
        *others, last = INPUT_FORMS
        raise ConfigError(
            f"--input-form {input_form}: unknown. Choose {', '.join(others)} or {last}."
        )
    from hwsim.pipeline.pipeline import run_pipeline

    context = existing_run(folder, allow_code=allow_code)
    targets = tuple(target) if target else None
    changes = {"targets": targets, "input_form": input_form}
    run_pipeline(with_settings(context, "export", **changes), ("export",))
