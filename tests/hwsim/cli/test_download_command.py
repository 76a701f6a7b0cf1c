"""`spikeport download` and --download: what is fetched, what is said, and when nothing is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.cli.byte_progress import byte_progress
from tests.byte_images import NAMES, idx_bytes
from tests.conftest import Command
from tests.trainers.data.download.test_fetch import ARRAYS, small_mnist
from tests.web_server import Site, serving
from trainers.data.download import sources

RECIPE = """
[data]
name = "mnist"
validation_samples = 10

[network]
name = "mlp"
hidden = [4]

[method]
use = ["baseline"]

[train]
time_steps = 1
epochs = 1
"""


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Offers a small MNIST as the real one's source; the cache is a folder of the test's."""
    files = {name: idx_bytes(array) for name, array in ARRAYS.items()}
    with serving(Site(files)) as running:
        monkeypatch.setitem(sources.SOURCES, "mnist", small_mnist(running))
        monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path / "cache"))
        yield running


def test_a_set_is_fetched_once(spikeport: Command, site: Site, tmp_path: Path) -> None:
    """And says where it lies."""
    outcome = spikeport("download", "mnist")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"download  mnist: downloaded to {tmp_path}/cache/mnist\n"
    assert len(site.requests) == 4
    assert spikeport("download", "mnist").out.startswith("download  mnist: already in ")
    assert len(site.requests) == 4


def test_data_path_can_be_set(spikeport: Command, tmp_path: Path) -> None:
    """As of `run`."""
    outcome = spikeport("download", "mnist", "--set", f"data.path={tmp_path / 'mine'}")
    assert outcome.code == 0
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted(NAMES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "data set: unknown 'nosuch'; known: cifar10, "),
        (["mnist", "--set", "train.epochs=2"], "--set train: only keys of [data] count here"),
        (["mnist", "--set", "data.nosuch=2"], "data.nosuch: unknown key"),
        (["digits"], "no public source is known for it. Known are mnist, "),
        (["npz"], "data.path: field required"),
    ],
)
def test_what_can_t_be_fetched_is_one_line(
    spikeport: Command, site: Site, arguments: list[str], said: str
) -> None:
    """Exit code 2, and nobody is asked for anything."""
    outcome = spikeport("download", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert site.requests == []


def test_offline_is_one_line(spikeport: Command, site: Site) -> None:
    """With the page to fetch it from by hand."""
    site.files.clear()
    outcome = spikeport("download", "mnist")
    assert outcome.code == 2
    assert outcome.err.startswith("spikeport: error: train-images-idx3-ubyte: its address doesn't")
    assert outcome.err.count("\n") == 1


def test_training_downloads_only_where_it_is_asked_to(
    spikeport: Command, site: Site, tmp_path: Path
) -> None:
    """Without --download the network isn't touched, though the files are missing."""
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE)
    arguments = ("train", recipe, "-o", tmp_path / "run", "--device", "cpu")
    refused = spikeport(*arguments)
    assert refused.code == 2
    assert "`spikeport download mnist`" in refused.err
    assert site.requests == []
    trained = spikeport(*arguments, "--download")
    assert trained.code == 0, trained.err
    assert trained.out.startswith("download  mnist: downloaded to ")
    assert (tmp_path / "run" / "metrics.csv").is_file()
    assert len(site.requests) == 4


def test_a_set_without_a_source_is_refused_before_training(
    spikeport: Command, tmp_path: Path
) -> None:
    """--download isn't passed over."""
    outcome = spikeport("run", "digits", "-o", tmp_path / "run", "--download")
    assert outcome.code == 2
    assert "download 'digits': no public source is known for it" in outcome.err
    assert not (tmp_path / "run").exists()


def test_the_bar_shows_bytes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error where someone watches; elsewhere nothing."""
    with byte_progress("a.bin", 1000) as silent:
        silent(500)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with byte_progress("a.bin", 1000) as progress:
        progress(500)
        progress(1000)
    assert "a.bin" in capsys.readouterr().err
