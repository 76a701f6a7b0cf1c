"""docs/interop.md: its code runs as it stands, and its table is the table of refusals."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.golden_spikes import GOLDEN_FILE, write_golden
from export.nir_file import write_nir
from export.profiles import PROFILES
from export.profiles.features import FEATURES
from export.profiles.refusals import REFUSALS, rows
from tests.importer_runs import quiet
from tests.random_frozen import KINDS, inputs, lively

TEXT = (Path(__file__).parents[1] / "docs" / "interop.md").read_text(encoding="utf-8")
TOOLS = {
    "Norse": "recurrent", "snnTorch": "recurrent", "SpikingJelly": "recurrent",
    "Sinabs": "recurrent", "Rockpool": "forgetting", "Spyx": "forgetting",
}  # fmt: skip
"""Section to kind of network."""


def code(section: str) -> str:
    """The python block of a section."""
    (found,) = re.findall(rf"\n## {section}\n.*?```python\n(.*?)```", TEXT, flags=re.DOTALL)[:1]
    assert isinstance(found, str)
    return found


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Path]:
    """A working directory of its own."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def run_here(source: str) -> dict[str, Any]:
    """The variables it leaves."""
    space: dict[str, Any] = {}
    with quiet():
        exec(source, space)
    return space


def run_apart(source: str) -> dict[str, Any]:
    """The same in another process: JAX, once imported, warns of every fork, and tests fork."""
    keep = "import numpy as np\nnp.savez('found.npz', outputs=outputs, expected=expected)\n"
    subprocess.run([sys.executable, "-W", "ignore", "-c", f"{source}\n{keep}"], check=True)
    return dict(np.load("found.npz"))


@pytest.mark.parametrize("tool", TOOLS)
def test_the_code_of_a_tool_runs_and_agrees_with_the_golden_spikes(
    tool: str, in_folder: Path
) -> None:
    """As a reader would paste it: float32, next to the files of an export."""
    graph = lively(KINDS[TOOLS[tool]], 1)
    for name in ("portable", tool.lower()):
        if name in PROFILES:
            write_nir(PROFILES[name].encode(graph), in_folder / PROFILES[name].file)
    write_golden(graph, inputs(graph), in_folder / GOLDEN_FILE)
    source = code("Golden spikes") + code(tool)
    space = run_apart(source) if tool == "Spyx" else run_here(source)
    expected = space["expected"]
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(np.asarray(space["outputs"]), expected, rtol=0, atol=1e-5)


def test_the_table_of_refusals_is_the_one_in_the_code() -> None:
    """Row for row."""
    table = TEXT.split("| feature | refused for |\n|---|---|\n")[1].split("\n\n")[0]
    assert table.splitlines() == rows(FEATURES)
    assert sum(len(excuses) for excuses in REFUSALS.values()) > len(table.splitlines())


def test_every_target_and_setting_is_told() -> None:
    """Files, targets and the attributes that must be set."""
    for name, profile in PROFILES.items():
        assert profile.file in TEXT
        assert ("`nir`" if name == "portable" else f"`nir-{name}`") in TEXT
        for settings in profile.settings.values():
            assert all(key in TEXT for key in settings)
