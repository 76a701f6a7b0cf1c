"""Puts the commands together and turns errors into one line; `--debug` shows the traceback."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from hwsim.cli import (
    compare_command,
    download_command,
    export_command,
    import_command,
    inspect_command,
    lava_command,
    list_command,
    report_command,
    run_command,
    simulate_command,
    sweep_command,
    train_command,
    verify_command,
)
from trainers.errors import SpikeportError, SpikeportWarning

BAD_INPUT = 2
INTERRUPTED = 130
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""Wrong options and commands; typer exports only the class below it."""

app = typer.Typer(
    cls=TyperGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train spiking networks, freeze them, carry them to NIR, ONNX and chip files "
    "(Lava's netx), emulate a Loihi-style chip bit for bit, and cost the result.",
    epilog="Start with: spikeport run digits -o runs/digits. "
    "Add --debug anywhere to see an error's traceback.",
)
app.command("run")(run_command.run)
app.command("train")(train_command.train)
app.command("export")(export_command.export)
app.command("import")(import_command.import_file)
app.command("simulate")(simulate_command.simulate)
app.command("report")(report_command.report)
app.command("compare")(compare_command.compare)
app.command("sweep")(sweep_command.sweep)
app.command("verify")(verify_command.verify)
app.command("inspect")(inspect_command.inspect)
app.command("list")(list_command.list_table)
app.command("download")(download_command.download)
app.add_typer(lava_command.app, name="lava")


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        with _warnings_in_one_line():
            code = app(arguments, prog_name="spikeport", standalone_mode=False)
    except (SpikeportError, OSError) as error:
        if debug:
            raise
        return _refused(_line(error), getattr(error, "exit_code", BAD_INPUT))
    except USAGE_ERROR as error:
        # Without a message it is the help page, already printed, for a command line of nothing.
        message = getattr(error, "format_message", lambda: "")()
        return _refused(f"{message} See spikeport --help.") if message else BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        _tell("interrupted. The same command continues where it stopped.")
    return code if isinstance(code, int) else 0


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Any, category: type[Warning], *where: Any, **others: Any) -> None:
            if issubclass(category, SpikeportWarning):
                _tell(f"warning: {message}")
            else:
                shown(message, category, *where, **others)

        warnings.showwarning = show
        yield


def _refused(line: str, exit_code: int = BAD_INPUT) -> int:
    _tell(f"error: {line}")
    return exit_code


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, SpikeportError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}. Check the path, permissions and free space."
    return " ".join(str(error).split())


def _tell(line: str) -> None:
    print(f"spikeport: {line}", file=sys.stderr)  # noqa: T201
