"""`spikeport export`: freeze a trained run and write the files of each target."""

from typing import Annotated

import typer

from hwsim.cli.options import (
    AllowCode,
    RunDir,
    existing_run,
    with_export_settings,
    with_settings,
    without_setting,
)


def export(
    folder: RunDir,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar=(
                "nir|nir-cuba|nir-physical|nir-sinabs|nir-rockpool|nir-spyx|onnx|onnx-int8|"
                "schedule|netx|chip|chip-onnx"
            ),
            help="Write only this; repeatable. Files of targets not named are removed.",
        ),
    ] = None,
    input_form: Annotated[
        str | None,
        typer.Option(
            "--input-form", metavar="bias|spikes|graded", help="How samples enter the chip."
        ),
    ] = None,
    threshold_strategy: Annotated[
        str | None,
        typer.Option(
            "--threshold-strategy",
            metavar="mean|calibrated|finetune|schedule",
            help="How a threshold that depends on the step becomes a constant.",
        ),
    ] = None,
    weight_bits: Annotated[
        int | None, typer.Option("--weight-bits", metavar="2..8", help="Of a synaptic weight.")
    ] = None,
    qat: Annotated[
        bool | None,
        typer.Option("--qat/--no-qat", help="Fine-tune on the chip's integers ([export.qat])."),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(
            "--max-drop",
            metavar="SHARE",
            help="Exit with 3 if more accuracy is lost on the calibration split, e.g. 0.005.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="export.KEY=VALUE", help="Change one key of [export]."),
    ] = None,
    allow_code: AllowCode = False,
) -> None:
    """Freeze thresholds, fold norms and pooling, and write the files of each target.

    The chip file is chip.net for a chain and network.chip.h5 for any other network.

    Example: spikeport export runs/digits --target nir --target chip --weight-bits 4 --qat
    """
    from export.quantizing.input_forms import INPUT_FORMS
    from hwsim.imported.record import is_imported
    from trainers.errors import ConfigError

    if is_imported(folder):
        from hwsim.imported.export import export_imported

        if any(
            value is not None
            for value in (input_form, threshold_strategy, weight_bits, qat, max_drop, settings)
        ):
            raise ConfigError(f"{folder}: an imported network takes --target only. Leave the rest.")
        export_imported(folder, tuple(target or ()), typer.echo)
        return
    if input_form is not None and input_form not in INPUT_FORMS:
        *others, last = INPUT_FORMS
        raise ConfigError(
            f"--input-form {input_form}: unknown. Choose {', '.join(others)} or {last}."
        )
    from hwsim.pipeline.pipeline import run_pipeline

    context = existing_run(folder, allow_code=allow_code)
    targets = tuple(target) if target else None
    context = with_settings(context, "export", targets=targets, input_form=input_form)
    asked = {
        "threshold_strategy": threshold_strategy,
        "weight_bits": weight_bits,
        "max_drop": max_drop,
    }
    changes = [f"export.{key}={value}" for key, value in asked.items() if value is not None]
    if qat and context.recipe.export.qat is None:
        changes.append("export.qat={}")
    context = with_export_settings(context, changes + (settings or []))
    if qat is False:
        context = without_setting(context, "export", "qat")
    run_pipeline(context, ("export",))
