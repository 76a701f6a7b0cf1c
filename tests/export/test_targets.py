"""The table of export targets: each writes the files it names, whole."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from export.chip.netx_read import read_netx
from export.errors import InvalidGraph, UnsupportedLayer
from export.freezing import freeze
from export.nir_file import read_nir
from export.quantizing import quantize
from export.targets import TARGETS, refuse_unfit_targets
from tests.frozen_networks import conv_network, images
from tests.full_disk import full_disk
from tests.moving_networks import adaptive, inputs, scheduled
from tests.random_frozen import dense
from tests.same_graph import assert_same_graph
from tests.small_chip_graphs import diamond
from trainers.errors import FileError

REFUSES_CONVOLUTION = frozenset({"nir-sinabs", "nir-rockpool", "nir-spyx"})


def test_the_table_names_the_run_folders_files() -> None:
    """The files of the run folder, and which of them need the chip graph."""
    assert {name: target.files for name, target in TARGETS.items()} == {
        "nir": ("model.nir", "model.golden.nir"),
        "nir-cuba": ("model.cuba.nir", "model.golden.nir"),
        "nir-physical": ("model.physical.nir", "model.golden.nir"),
        "nir-sinabs": ("model.sinabs.nir", "model.golden.nir"),
        "nir-rockpool": ("model.rockpool.nir", "model.golden.nir"),
        "nir-spyx": ("model.spyx.nir", "model.golden.nir"),
        "onnx": ("model.onnx", "model.onnx.data", "model.step.onnx", "model.step.onnx.data"),
        "onnx-int8": ("model.int8.onnx", "model.int8.onnx.data"),
        "schedule": ("model.schedule.npz",),
        "netx": ("chip.net",),
        "chip": ("chip.net", "network.chip.h5"),
        "chip-onnx": ("model.chip.onnx", "model.chip.onnx.data"),
    }
    quantised = [name for name, target in TARGETS.items() if target.quantised]
    assert quantised == ["netx", "chip", "chip-onnx"]
    assert all(target.summary and "\n" not in target.summary for target in TARGETS.values())


def test_every_target_writes_its_files(tmp_path: Path) -> None:
    """Each file is what its format's own reader expects."""
    graph = conv_network()
    chip = quantize(graph, images(8))
    for name in TARGETS.keys() - REFUSES_CONVOLUTION:
        left = TARGETS[name].write(graph, chip, tmp_path)
        assert {path.name for path in left} <= set(TARGETS[name].files)
    assert sorted(os.listdir(tmp_path)) == [
        "chip.net", "model.chip.onnx", "model.cuba.nir", "model.int8.onnx", "model.nir",
        "model.onnx", "model.physical.nir", "model.schedule.npz", "model.step.onnx",
    ]  # fmt: skip
    assert_same_graph(read_netx(tmp_path / "chip.net"), chip)
    weight = read_nir(tmp_path / "model.nir").nodes["l003_conv"].weight
    np.testing.assert_array_equal(weight, graph.nodes["l003_conv"].weight)
    for name in ("model.onnx", "model.step.onnx", "model.int8.onnx"):
        onnx.checker.check_model(onnx.load(tmp_path / name), full_check=True)


@pytest.mark.parametrize("target", sorted(REFUSES_CONVOLUTION))
def test_targets_of_one_tool_refuse_what_it_cant_run(tmp_path: Path, target: str) -> None:
    """By name, before anything is written; a network that it can run is written."""
    with pytest.raises(UnsupportedLayer, match="NIR node 'l00"):
        TARGETS[target].write(conv_network(), None, tmp_path)
    assert os.listdir(tmp_path) == []
    (left,) = TARGETS[target].write(dense(1, (0.0, 0.0)), None, tmp_path)
    assert os.listdir(tmp_path) == [left.name]
    assert left.name in TARGETS[target].files


def test_what_is_no_chain_goes_to_a_graph_file(tmp_path: Path) -> None:
    """Target chip takes any graph; netx refuses it and names target chip; a stale file goes."""
    graph, chip = conv_network(), quantize(conv_network(), images(8))
    assert TARGETS["chip"].write(graph, chip, tmp_path) == (tmp_path / "chip.net",)
    left = TARGETS["chip"].write(graph, diamond(3), tmp_path)
    assert left == (tmp_path / "network.chip.h5",)
    assert os.listdir(tmp_path) == ["network.chip.h5"]
    with pytest.raises(UnsupportedLayer, match=r"'a' feeds 2 projections.*with target chip"):
        TARGETS["netx"].write(graph, diamond(3), tmp_path)
    assert os.listdir(tmp_path) == ["network.chip.h5"]
    TARGETS["netx"].write(graph, chip, tmp_path)
    assert os.listdir(tmp_path) == ["chip.net"]


@pytest.mark.parametrize("target", ["netx", "chip", "chip-onnx"])
def test_a_chip_file_without_a_chip_graph_is_an_error(tmp_path: Path, target: str) -> None:
    """A target that is asked for and not written would be missed only later."""
    with pytest.raises(InvalidGraph, match="a chip file holds a chip graph, and none was made"):
        TARGETS[target].write(conv_network(), None, tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_full_disk_leaves_no_partial_file(tmp_path: Path, target: str) -> None:
    """Every writer fails in one line and leaves the folder as it was."""
    graph = dense(1, (0.0, 0.0)) if target in REFUSES_CONVOLUTION else conv_network()
    chip = quantize(conv_network(), images(8))
    names = "|".join(TARGETS[target].files)
    with full_disk(1000), pytest.raises(FileError, match=f"({names}): can't be written"):
        TARGETS[target].write(graph, chip, tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "able"),
    [("schedule", "onnx, onnx-int8, schedule, chip"), ("adaptation", "onnx, onnx-int8, schedule")],
)
def test_targets_that_hold_constants_refuse_thresholds_that_move(kind: str, able: str) -> None:
    """In one line with target, node, layer, strategy, method, and the targets that could."""
    network = scheduled("flat", 0) if kind == "schedule" else adaptive("flat", 0)
    method = "ds-atgo" if kind == "schedule" else "alif"
    graph = freeze(network, inputs(), strategy="schedule", method=(method,))
    able_ones = able.split(", ")
    refuse_unfit_targets(graph, tuple(able_ones))
    for name in TARGETS.keys() - set(able_ones):
        with pytest.raises(UnsupportedLayer) as refusal:
            refuse_unfit_targets(graph, (*able_ones, name))
        message = str(refusal.value)
        assert "\n" not in message
        assert message.startswith(f"export target '{name}': node 'l002_lif' (layer '2', threshold ")
        assert f"strategy schedule, method {method}): its threshold" in message
        assert message.endswith(f"Export to targets {able} only.")
    refuse_unfit_targets(conv_network(), tuple(TARGETS.keys() - REFUSES_CONVOLUTION))


@pytest.mark.parametrize("target", sorted(REFUSES_CONVOLUTION))
def test_a_profile_refuses_before_anything_is_written(target: str) -> None:
    """Together with others, whatever their order."""
    with pytest.raises(UnsupportedLayer, match="NIR node 'l00"):
        refuse_unfit_targets(conv_network(), ("nir", target))
