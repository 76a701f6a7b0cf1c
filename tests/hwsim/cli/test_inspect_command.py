"""`spikeport inspect` on every kind of file of a run."""

from pathlib import Path

import pytest

from tests.conftest import Command


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model.nir", ("1,536 neurons", "l001_lif", "LIF", "16x8x8", "T = 4")),
        ("model.onnx", ("Scan", "logits", "IR 9")),
        ("model.step.onnx", ("v_l001_lif",)),
        ("chip.net", ("1,546 neurons", "l004_lif", "conv 32x16x6x6", "bias 16x8x8")),
        ("samples.npz", ("chip_inputs", "360x16x8x8", "int64")),
        ("trace.npz", ("spikes", "360x4x3")),
        ("", ("checkpoints/last.ckpt", "as recorded", "torch")),
    ],
)
def test_inspect(
    spikeport: Command,
    trained_digits: Path,
    name: str,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Shapes, neurons, synapses and ranges are shown for each kind of file."""
    monkeypatch.setenv("COLUMNS", "240")
    outcome = spikeport("inspect", trained_digits / name)
    assert outcome.code == 0
    for word in words:
        assert word in outcome.out


def test_inspect_tells_a_changed_file(spikeport: Command, digits_run: Path) -> None:
    """A file of a run that isn't what its stage made is pointed out."""
    (digits_run / "chip.net").write_bytes(b"other")
    outcome = spikeport("inspect", digits_run)
    assert "changed since" in outcome.out
