"""`spikeport export`: freeze a trained run and write the files of each target."""

from typing import Annotated

import typer

from hwsim.cli.options import AllowCode, RunDir, existing_run, with_settings


def export(
    folder: RunDir,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="nir|onnx|netx", help="Write only this; repeatable."),
    ] = None,
    allow_code: AllowCode = False,
) -> None:
    """Freeze thresholds, fold norms and pooling, and write model.nir, model.onnx and chip.net.

    Example: spikeport export runs/digits --target nir --target onnx
    """
    from hwsim.pipeline.pipeline import run_pipeline

    context = existing_run(folder, allow_code=allow_code)
    targets = tuple(target) if target else None
    run_pipeline(with_settings(context, "export", targets=targets), ("export",))
