"""`spikeport inspect --draw` with a program dot of the test's own: what it is given and gives."""

import os
import sys
from pathlib import Path

import nir
import numpy as np
import pytest

from export.nir_file import write_nir
from hwsim.errors import DrawingError
from hwsim.inspect.drawing import draw_nir
from tests.conftest import Command
from tests.frozen_networks import conv_network
from tests.primitive_networks import loops

FAKE = """#!{python}
import sys
from pathlib import Path
here = Path(__file__).parent
(here / "arguments").write_text(" ".join(sys.argv[1:]))
(here / "graph.dot").write_text(sys.stdin.read())
{last}
"""


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> Path:
    """A program called dot, alone on the path, which keeps what it was given."""
    tools = folder / "tools"
    tools.mkdir()
    dot = tools / "dot"
    dot.write_text(FAKE.format(python=sys.executable, last=last))
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    return tools


@pytest.fixture
def dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that draws."""
    return program(tmp_path, monkeypatch, 'sys.stdout.buffer.write(b"the picture")')


def written(folder: Path, graph: nir.NIRGraph) -> Path:
    """The graph as a file."""
    write_nir(graph, folder / "model.nir")
    return folder / "model.nir"


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_picture_is_written(tmp_path: Path, dot: Path, form: str) -> None:
    """Every node by its kind and every edge go to dot, its bytes into the file."""
    output = tmp_path / f"model.{form}"
    draw_nir(written(tmp_path, conv_network()), output)
    assert output.read_bytes() == b"the picture"
    assert f"-T{form}" in (dot / "arguments").read_text().split()
    drawn = (dot / "graph.dot").read_text()
    assert "l003_conv [label=Conv2d" in drawn
    assert drawn.count("->") == len(conv_network().edges)


def test_nested_graphs_are_drawn_open(tmp_path: Path, dot: Path) -> None:
    """A loop inside of a nested graph shows."""
    lif = loops().nodes["b_lif"]
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([12])),
            "lif": lif,
            "w_rec": nir.Linear(np.ones((12, 12), np.float32)),
            "output": nir.Output(np.array([12])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    nodes = {"input": nir.Input(np.array([12])), "rec": inner, "output": nir.Output(np.array([12]))}
    graph = nir.NIRGraph(nodes, [("input", "rec"), ("rec", "output")], type_check=False)
    draw_nir(written(tmp_path, graph), tmp_path / "model.png")
    drawn = (dot / "graph.dot").read_text()
    assert '"rec.w_rec" -> "rec.lif"' in drawn
    assert "NIRGraph" not in drawn


def test_names_with_colons_stay_whole(tmp_path: Path, dot: Path) -> None:
    """Graphviz would take what follows a colon for a part of the node."""
    nodes = {
        "in": nir.Input(np.array([3])),
        "a:b": nir.Linear(np.ones((3, 3), np.float32)),
        "a_b": nir.Linear(np.ones((3, 3), np.float32)),
        "out": nir.Output(np.array([3])),
    }
    graph = nir.NIRGraph(nodes, [("in", "a:b"), ("a:b", "a_b"), ("a_b", "out")])
    draw_nir(written(tmp_path, graph), tmp_path / "model.png")
    assert "a_b_ -> a_b" in (dot / "graph.dot").read_text()


def test_the_command(spikeport: Command, tmp_path: Path, dot: Path) -> None:
    """The table is printed too, and where the picture lies."""
    file, output = written(tmp_path, conv_network()), tmp_path / "drawn" / "model.svg"
    outcome = spikeport("inspect", file, "--draw", output)
    assert outcome.code == 0
    assert "l001_lif" in outcome.out
    assert "model.svg" in outcome.out.replace("\n", "")
    assert output.read_bytes() == b"the picture"


def test_without_dot(spikeport: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what is missing and how to install it."""
    file = written(tmp_path, conv_network())
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = spikeport("inspect", file, "--draw", tmp_path / "model.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 1
    assert "dot isn't on the path" in outcome.err
    assert "apt-get install graphviz" in outcome.err
    assert os.listdir(tmp_path) == ["model.nir"]


def test_without_nirviz(
    spikeport: Command, tmp_path: Path, dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for the Python package."""
    file = written(tmp_path, conv_network())
    monkeypatch.setitem(sys.modules, "nirviz", None)
    outcome = spikeport("inspect", file, "--draw", tmp_path / "model.png")
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert "nirviz can't be imported" in outcome.err
    assert "pip install 'spikeport[draw]'" in outcome.err
    assert not (tmp_path / "model.png").exists()


def test_dot_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first line is told, and nothing is left."""
    program(tmp_path, monkeypatch, 'sys.exit("Format not known\\nmore")')
    file = written(tmp_path, conv_network())
    with pytest.raises(DrawingError, match=r"exit code 1 \(Format not known\)") as refusal:
        draw_nir(file, tmp_path / "model.pdf")
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "model.pdf").exists()


@pytest.mark.parametrize(
    ("file", "output", "words"),
    [
        ("model.onnx", "model.png", r"model\.onnx: only \.nir files are drawn"),
        ("model.nir", "model.gif", r"model\.gif: a picture ends in \.png, \.svg, \.pdf"),
        ("model.nir", "model", r"model: a picture ends in .*not in ''"),
    ],
)
def test_what_is_refused(tmp_path: Path, file: str, output: str, words: str) -> None:
    """Other files and other formats, by name."""
    with pytest.raises(DrawingError, match=words):
        draw_nir(tmp_path / file, tmp_path / output)
