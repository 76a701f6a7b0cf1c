"""Models with their weights in a second file: written together, read with suspicion."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from export.onnx import (
    build_scan,
    read_onnx,
    write_int8_onnx,
    write_onnx,
    write_step_onnx,
)
from export.onnx.external_data import initializers, whole_pair
from tests.frozen_networks import conv_network, images
from trainers.errors import FileError

Spoil = Callable[[onnx.ModelProto, Path], None]


@pytest.fixture(autouse=True)
def _small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file ends at 1000 bytes of weights here, not at 2 GiB, and shapes are what is below 64."""
    monkeypatch.setattr("export.onnx.file.PROTOBUF_BYTES", (1 << 20) + 1000)
    monkeypatch.setattr("export.onnx.external_data.SMALLEST_BYTES", 64)


def pair(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """A model and its data."""
    written = write_onnx(conv_network(seed), folder / "model.onnx")
    assert written == (folder / "model.onnx", folder / "model.onnx.data")
    return folder / "model.onnx", folder / "model.onnx.data"


def test_what_is_read_is_what_was_built(tmp_path: Path) -> None:
    """Every tensor comes back, and the folder holds the two files only."""
    path, _ = pair(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.onnx.data"]
    assert read_onnx(path) == build_scan(conv_network())
    write_step_onnx(conv_network(), tmp_path / "model.step.onnx")
    assert (tmp_path / "model.step.onnx.data").is_file()
    (int8, data), _ = write_int8_onnx(conv_network(), tmp_path / "model.int8.onnx")
    assert (int8.is_file(), data.name) == (True, "model.int8.onnx.data")


def test_others_read_it(tmp_path: Path) -> None:
    """ONNX Runtime, by path, and onnx's own loader find the data; large tensors alone left."""
    path, data = pair(tmp_path)
    inputs = images(5)
    (logits,) = onnxruntime.InferenceSession(path).run(["logits"], {"input": inputs})
    whole = build_scan(conv_network())
    session = onnxruntime.InferenceSession(whole.SerializeToString())
    np.testing.assert_array_equal(logits, session.run(["logits"], {"input": inputs})[0])
    onnx.checker.check_model(str(path), full_check=True)
    loaded = onnx.load(path)
    for before, after in zip(initializers(whole.graph), initializers(loaded.graph), strict=True):
        assert before.raw_data == after.raw_data
    skeleton = onnx.load(path, load_external_data=False)
    apart = [tensor for tensor in initializers(skeleton.graph) if tensor.data_location]
    assert {tensor.name for tensor in apart} >= {"w_l000_conv", "w_l003_conv", "w_l007_fc"}
    offsets = [int(e.value) for tensor in apart for e in tensor.external_data if e.key == "offset"]
    assert all(offset % (1 << 16) == 0 for offset in offsets)
    assert data.stat().st_size < max(offsets) + (1 << 16)


def test_a_smaller_network_leaves_no_data_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file takes the place of two."""
    path, _ = pair(tmp_path)
    monkeypatch.setattr("export.onnx.file.PROTOBUF_BYTES", 1 << 31)
    assert write_onnx(conv_network(1), path) == (path,)
    assert os.listdir(tmp_path) == ["model.onnx"]
    assert read_onnx(path) == build_scan(conv_network(1))


def test_a_new_pair_takes_the_old_ones_place(tmp_path: Path) -> None:
    """Both files are the new network's."""
    pair(tmp_path)
    path, _ = pair(tmp_path, seed=1)
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.onnx.data"]
    assert read_onnx(path) == build_scan(conv_network(1))


def test_a_model_that_would_fit_into_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write two files for small models too; what is read passes the checker as a whole."""
    path, _ = pair(tmp_path)
    monkeypatch.setattr("export.onnx.file.PROTOBUF_BYTES", 1 << 31)
    assert read_onnx(path) == build_scan(conv_network())
    model = onnx.load(path, load_external_data=False)
    model.graph.node[0].op_type = "NoSuchOperator"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileError, match="isn't a readable ONNX file"):
        read_onnx(path)


@pytest.mark.parametrize("failing", ["model.onnx", "model.onnx.data"])
@pytest.mark.parametrize("older", [False, True])
def test_a_rename_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool, failing: str
) -> None:
    """Whichever of the two fails, the old pair is whole again, or there is none."""
    if older:
        pair(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if Path(target).name == failing and ".partial" in self.name:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FileError, match=f"{failing}: can't be written"):
        pair(tmp_path, seed=1)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def interrupted(path: Path, data: Path) -> None:
    with whole_pair(path, data) as (model_part, data_part):
        model_part.write_text("half a model")
        data_part.write_text("half of its data")
        raise KeyboardInterrupt


@pytest.mark.parametrize("older", [False, True])
def test_an_interruption(tmp_path: Path, older: bool) -> None:
    """Ctrl-C while writing leaves the folder as it was."""
    if older:
        pair(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "model.onnx", tmp_path / "model.onnx.data")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_killed_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any number of renames a reader finds the old network, no model, or the new one."""
    pair(tmp_path / "run")
    snapshots: list[Path] = []
    replace = Path.replace

    def keep(self: Path, target: Path) -> Path:
        moved = replace(self, target)
        snapshots.append(tmp_path / str(len(snapshots)))
        shutil.copytree(tmp_path / "run", snapshots[-1])
        return moved

    monkeypatch.setattr(Path, "replace", keep)
    path, _ = pair(tmp_path / "run", seed=1)
    assert [(folder / path.name).exists() for folder in snapshots] == [False, False, False, True]
    assert read_onnx(snapshots[-1] / path.name) == build_scan(conv_network(1))


def first_apart(model: onnx.ModelProto) -> onnx.TensorProto:
    tensors = {tensor.name: tensor for tensor in initializers(model.graph)}
    found: onnx.TensorProto = tensors["w_l003_conv"]
    return found


def set_field(key: str, value: str) -> Spoil:
    """Changes one field of a tensor's external data, or adds it."""

    def spoil(model: onnx.ModelProto, data: Path) -> None:
        tensor = first_apart(model)
        kept = [(entry.key, entry.value) for entry in tensor.external_data if entry.key != key]
        tensor.ClearField("external_data")
        for name, text in [*kept, (key, value)]:
            tensor.external_data.add(key=name, value=text)

    return spoil


def all_at_the_start(model: onnx.ModelProto, data: Path) -> None:
    for tensor in initializers(model.graph):
        for entry in tensor.external_data:
            if entry.key == "offset":
                entry.value = "0"
    data.write_bytes(data.read_bytes()[:2000])


def linked(model: onnx.ModelProto, data: Path) -> None:
    data.rename(data.with_name("elsewhere"))
    data.symlink_to("elsewhere")


def hard_linked(model: onnx.ModelProto, data: Path) -> None:
    os.link(data, data.with_name("second name"))


def a_pipe(model: onnx.ModelProto, data: Path) -> None:
    data.unlink()
    os.mkfifo(data)


def a_folder(model: onnx.ModelProto, data: Path) -> None:
    data.unlink()
    data.mkdir()


def missing(model: onnx.ModelProto, data: Path) -> None:
    data.unlink()


def cut(model: onnx.ModelProto, data: Path) -> None:
    data.write_bytes(data.read_bytes()[:-1])


def of_another_network(model: onnx.ModelProto, data: Path) -> None:
    pair(data.parent, seed=1)


def a_huge_shape(model: onnx.ModelProto, data: Path) -> None:
    first_apart(model).dims[:] = [1 << 40, 1 << 40]


def a_negative_shape(model: onnx.ModelProto, data: Path) -> None:
    first_apart(model).dims[:] = [-1, 4]


def text(model: onnx.ModelProto, data: Path) -> None:
    first_apart(model).data_type = onnx.TensorProto.STRING


def an_unknown_type(model: onnx.ModelProto, data: Path) -> None:
    first_apart(model).data_type = 99


def twice_in_place(model: onnx.ModelProto, data: Path) -> None:
    first_apart(model).external_data.add(key="offset", value="4")


def here_and_there(model: onnx.ModelProto, data: Path) -> None:
    first_apart(model).float_data.append(1.0)


def in_a_function(model: onnx.ModelProto, data: Path) -> None:
    tensor = onnx.TensorProto(name="outside", data_type=1, dims=[1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=data.name)
    constant = onnx.helper.make_node("Constant", [], ["outside"], value=tensor)
    opsets = [onnx.helper.make_opsetid("", 17)]
    model.functions.append(
        onnx.helper.make_function("own", "F", [], ["outside"], [constant], opsets)
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (set_field("location", "/etc/passwd"), "lies in another file than model.onnx.data"),
        (set_field("location", "../model.onnx.data"), "lies in another file than"),
        (set_field("location", "./model.onnx.data"), "lies in another file than"),
        (set_field("location", "model.onnx"), "lies in another file than"),
        (set_field("offset", "-1"), "aren't two numbers"),
        (set_field("offset", "1e3"), "aren't two numbers"),
        (set_field("offset", "9" * 30), "aren't two numbers"),
        (set_field("offset", str(1 << 50)), r"bytes, but tensor 'w_l003_conv' lies at"),
        (set_field("length", "4"), "has 1,728 bytes, but claims 4"),
        (set_field("length", ""), "aren't two numbers"),
        (set_field("basepath", "/etc"), "unknown words or twice"),
        (set_field("checksum", "0" * 40), "isn't the data that model.onnx was written with"),
        (twice_in_place, "unknown words or twice"),
        (here_and_there, r"lies in model\.onnx\.data and in the model too"),
        (all_at_the_start, "Don't trust this file"),
        (linked, "neither of them a link"),
        (hard_linked, "isn't a plain file of one name"),
        (a_pipe, "isn't a plain file of one name"),
        (a_folder, "isn't a plain file of one name"),
        (missing, "No such file"),
        (cut, "bytes, but tensor"),
        (of_another_network, "isn't the data that model.onnx was written with"),
        (a_huge_shape, r"has [\d,]+ bytes, but claims 1,728"),
        (a_negative_shape, r"isn't a readable|can't lie in another file"),
        (text, "can't lie in another file"),
        (an_unknown_type, r"isn't a readable|can't lie in another file"),
        (in_a_function, "tensor 'outside' lies in another file"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, spoil: Spoil, words: str) -> None:
    """Data elsewhere, behind links, cut, overlapping or of another model: one line each."""
    path, data = pair(tmp_path)
    model = onnx.load(path, load_external_data=False)
    spoil(model, data)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileError, match=words) as refusal:
        read_onnx(path)
    assert "\n" not in str(refusal.value)
