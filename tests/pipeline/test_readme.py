"""The README's examples run as they stand."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_api_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's own module goes from training to an energy estimate without a recipe."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    assert names["accuracy"] >= 0.9  # type: ignore[operator]
    assert "on the chip" in capsys.readouterr().out
    assert (tmp_path / "model.nir").is_file()
    assert (tmp_path / "chip.net").is_file()


def test_the_onnx_example(
    trained_digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An ONNX file needs nothing of ours to run."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "digits").symlink_to(trained_digits)
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[1], "README.md", "exec"), {})
    assert float(capsys.readouterr().out) >= 0.98
    assert len(BLOCKS) == 2
