"""The command line as a whole: quick to start, helpful, one line per error."""

import inspect
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from export.quantizing.input_forms import INPUT_FORMS
from export.targets import TARGETS
from hwsim.cli.export_command import export
from tests.conftest import Command

HEAVY = ("torch", "numpy", "nir", "onnx", "lightning", "plotly", "h5py", "sklearn", "pydantic")
PROBE = """
import sys
from hwsim.cli.app import run
run(["--help"])
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


def test_help_imports_nothing_heavy() -> None:
    """`--help` waits for no package that only a running command needs."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"
    assert "spikeport run digits" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "train",
        "export",
        "simulate",
        "report",
        "verify",
        "inspect",
        "list",
        "download",
        "lava",
    ],
)
def test_every_command_explains_itself(spikeport: Command, command: str) -> None:
    """Each command's help names its arguments; those with a typical call show it."""
    outcome = spikeport(command, "--help")
    assert outcome.code == 0
    assert "Usage: spikeport" in outcome.out
    assert "Example: spikeport" in outcome.out or command == "lava"


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("methods", "ds-atgo"),
        ("networks", "conv-small"),
        ("datasets", "digits"),
        ("encodings", "latency"),
        ("recipes", "digits-baseline"),
        ("targets", "netx"),
        ("strategies", "calibrated"),
        ("chips", "loihi2"),
        ("devices", "truenorth"),
    ],
)
def test_list_shows_every_table(spikeport: Command, what: str, name: str) -> None:
    """What can be named in a recipe is listed with a summary."""
    outcome = spikeport("list", what)
    assert outcome.code == 0
    (row,) = [line for line in outcome.out.splitlines() if line.startswith(f"{name} ")]
    assert len(row.split()) > 2


def test_debug_shows_the_traceback(spikeport: Command) -> None:
    """--debug lets the error through, wherever it stands."""
    from trainers.errors import ConfigError

    with pytest.raises(ConfigError, match="nosuch"):
        spikeport("run", "nosuch", "--debug")


def test_a_warning_is_one_line_too(
    spikeport: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without the file and line of the code that warns; training goes on."""
    from trainers import fused_training

    monkeypatch.setattr(fused_training, "WORTH_COMPILING", 0)
    monkeypatch.setattr(fused_training, "COMPILERS", ("no-such-compiler",))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        outcome = spikeport("train", "digits", "-o", tmp_path, "--set", "train.epochs=1")
    assert outcome.code == 0
    (line,) = [line for line in outcome.err.splitlines() if "C++" in line]
    assert line.startswith("spikeport: warning: none of the C++ compilers no-such-compiler")


def test_export_names_every_target_and_input_form() -> None:
    """Its help is written out, since the tables would import what only a run needs."""
    options = inspect.signature(export).parameters
    named = {name: options[name].annotation.__metadata__[0].metavar for name in options if name in
             ("target", "input_form")}  # fmt: skip
    assert named == {"target": "|".join(TARGETS), "input_form": "|".join(INPUT_FORMS)}
