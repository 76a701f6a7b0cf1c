"""Tables of Hugging Face's `datasets` become three splits that are read while training."""

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.arrow_sets import SIZES, png, table, whole_set, write_parquet, write_saved
from tests.damaged_files import damaged, refusal
from tests.full_disk import full_disk
from tests.image_folders import CLASSES, picture, write_part
from tests.web_server import Site, serving
from trainers.data import DataSplits, Split
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError, FileError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow files go to a folder of the test's."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 + 18 images as Parquet files; read it, never change it."""
    return write_parquet(tmp_path_factory.mktemp("hub") / "insects")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as `save_to_disk` leaves it."""
    return write_saved(tmp_path_factory.mktemp("disk") / "insects")


def loaded(folder: Path | str, **options: Any) -> DataSplits:
    """The data set at 16 x 16, where a PNG's pixels come through unchanged."""
    return load_data("huggingface", path=str(folder), **{"image_size": 16, "resize": 16, **options})


def keys(split: Split) -> list[tuple[bytes, int]]:
    """Each sample as its bytes and its label."""
    return [
        (row.tobytes(), int(label))
        for row, label in zip(split.inputs[:], split.labels, strict=True)
    ]


def expected(label: int, number: int) -> tuple[bytes, int]:
    """The key of a picture."""
    pixels = picture(label, number).transpose(2, 0, 1) / np.float32(255)
    return pixels.astype(np.float32).tobytes(), label


@pytest.mark.parametrize("kind", ["parquet", "saved"])
def test_every_image_is_in_one_split_with_its_label(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """Pixel for pixel, in float32; a tenth of the training split validates."""
    data = loaded(request.getfixturevalue(kind))
    assert (data.name, data.classes, data.sample_shape) == ("insects", CLASSES, (3, 16, 16))
    assert (data.input_scale, data.form, data.workers) == (1 / 255, "static", 2)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [54, 6, 18]
    assert np.bincount(data.validation.labels).tolist() == [2, 2, 2]
    learnt = {expected(label, number) for label in range(3) for number in range(20)}
    assert set(keys(data.train) + keys(data.validation)) == learnt
    assert keys(data.test) == [expected(row % 3, 100 + row // 3) for row in range(18)]


def test_parquet_becomes_arrow_once(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In SPIKEPORT_DATA; the folder itself isn't written to."""
    before = sorted(path.name for path in parquet.iterdir())
    first = loaded(parquet)
    cache = Path(os.environ["SPIKEPORT_DATA"]) / "huggingface" / "arrow"
    arrow = {path: path.stat().st_mtime_ns for path in cache.rglob("*.arrow")}
    assert len(arrow) == 2
    assert keys(loaded(parquet).test) == keys(first.test)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.arrow")} == arrow
    assert sorted(path.name for path in parquet.iterdir()) == before


def test_arrow_files_on_their_own_and_folders_of_images(tmp_path: Path) -> None:
    """The other two readers; class folders give the labels."""
    for name, split in whole_set().items():
        cached = split.map(lambda row: row, cache_file_name=str(tmp_path / "made.arrow"))
        del cached
        (tmp_path / "arrow").mkdir(exist_ok=True)
        shutil.move(tmp_path / "made.arrow", tmp_path / "arrow" / f"{name}.arrow")
    assert len(loaded(tmp_path / "arrow").test) == 18
    for part, first in (("train", 0), ("test", 20)):
        write_part(tmp_path / "folders" / part, 20 if part == "train" else 6, first=first)
    found = loaded(tmp_path / "folders")
    assert found.classes == CLASSES
    assert expected(1, 20) in keys(found.test)


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"validation_samples": 15}, [45, 15, 18]),
        ({"train_samples": 12, "test_samples": 9}, [12, 6, 9]),
    ],
)
def test_splits_are_stratified(saved: Path, options: dict[str, Any], sizes: list[int]) -> None:
    """Each class has its share of every split."""
    data = loaded(saved, **options)
    for split, size in zip((data.train, data.validation, data.test), sizes, strict=True):
        assert np.bincount(split.labels).tolist() == [size // 3] * 3


def test_validation_doesn_t_depend_on_the_training_samples(saved: Path) -> None:
    """But on the seed."""
    same = keys(loaded(saved).validation)
    assert keys(loaded(saved, train_samples=9).validation) == same
    assert keys(loaded(saved, split_seed=1).validation) != same


def test_a_split_called_validation_validates(tmp_path: Path) -> None:
    """Unless it is the test split, or samples are to be drawn."""
    splits = whole_set()
    splits["validation"] = table(12, first=200)
    folder = write_saved(tmp_path / "set", splits)
    data = loaded(folder, train_samples=30)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [30, 12, 18]
    assert keys(data.validation)[0] == expected(0, 200)
    as_test = loaded(folder, test="validation")
    assert [len(part) for part in (as_test.train, as_test.validation, as_test.test)] == [54, 6, 12]
    drawn = loaded(folder, validation_samples=9)
    assert [len(part) for part in (drawn.train, drawn.validation, drawn.test)] == [51, 9, 18]
    swapped = loaded(folder, test="validation", validation="test")
    assert (len(swapped.validation), len(swapped.test)) == (18, 12)


def test_a_single_table_has_one_split(tmp_path: Path) -> None:
    """Saved without a name it is `train`, and a test split is missing."""
    table(60).save_to_disk(str(tmp_path / "one"))
    with pytest.raises(DataError, match=r"split 'test': not among 'train'\. Name splits in"):
        loaded(tmp_path / "one")


def test_columns_are_found_by_what_they_hold(tmp_path: Path) -> None:
    """Whatever they are called."""
    renamed = whole_set().rename_columns({"image": "img", "label": "fine"})
    assert len(loaded(write_saved(tmp_path / "set", renamed)).test) == 18


def test_columns_by_name(tmp_path: Path) -> None:
    """Where several could be meant; the names of both refusals stand in the message."""
    images = [{"bytes": png(row % 3, row), "path": None} for row in range(18)]
    split = (
        table(18, coarse=[0, 1, 2] * 6, thumbnail=images)
        .cast_column("coarse", datasets.ClassLabel(names=["x", "y", "z"]))
        .cast_column("thumbnail", datasets.Image())
        .rename_column("label", "fine")
    )
    folder = write_saved(tmp_path / "set", datasets.DatasetDict(train=split, test=split))
    listed = "'image' (Image), 'fine' (ClassLabel), 'coarse' (ClassLabel), 'thumbnail' (Image)"
    with pytest.raises(DataError, match="2 columns of images among") as error:
        loaded(folder)
    assert f"{listed}. Name it in data.image_column." in str(error.value)
    with pytest.raises(DataError, match=r"2 columns of class labels among") as error:
        loaded(folder, image_column="image")
    assert f"{listed}. Name it in data.label_column." in str(error.value)
    found = loaded(folder, label_column="coarse", image_column="thumbnail")
    assert found.classes == ("x", "y", "z")
    assert keys(found.test) == [expected(row % 3, row) for row in range(18)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image_column": "nosuch"}, r"no column 'nosuch'\. Name one of 'image'"),
        ({"label_column": "nosuch"}, r"no column 'nosuch'\. Name one of .* data\.label_column"),
        ({"image_column": "label"}, r"the column 'label' holds .*, no images"),
        ({"label_column": "image"}, r"the column 'image' holds .*, expected whole numbers"),
        ({"train": "nosuch"}, r"split 'nosuch': not among 'train', 'test'"),
        ({"train_samples": 55}, r"train_samples: 55 can't be drawn from 54"),
    ],
)
def test_what_isn_t_there_is_named(saved: Path, options: dict[str, Any], said: str) -> None:
    """In one line, with what there is."""
    with pytest.raises(DataError, match=said) as error:
        loaded(saved, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (lambda row: 10 * (row % 3), ("0", "10", "20")),
        (lambda row: ("wasp", "ant", "bee")[row % 3], ("ant", "bee", "wasp")),
        (lambda row: row % 3 == 0, ("False", "True")),
    ],
)
def test_labels_without_names(tmp_path: Path, values: Any, classes: tuple[str, ...]) -> None:
    """Numbers, words or truth values: the classes are those that occur, sorted."""
    splits = datasets.DatasetDict(
        {
            name: table(rows, first, label=[values(row) for row in range(rows)])
            for name, rows, first in (("train", 60, 0), ("test", 18, 100))
        }
    )
    data = loaded(write_saved(tmp_path / "set", splits))
    assert data.classes == classes
    assert [data.classes[label] for label in data.test.labels[:3]] == [
        str(values(row)) for row in range(3)
    ]


@pytest.mark.parametrize(
    ("part", "column", "said"),
    [
        ("test", [-1] * 18, r"split 'test': label -1 in row 0 is none of the 3 classes"),
        ("train", [None] * 60, r"expected whole numbers|60 rows of 'label' are empty"),
        ("train", [0, None, 2] * 20, r"20 rows of 'label' are empty"),
        ("train", [0.5] * 60, r"holds double, expected whole numbers or names"),
        ("test", [7] * 18, r"split 'test': label 7 in row 0 is none of the 3 classes"),
    ],
)
def test_labels_that_can_t_be_are_refused(
    tmp_path: Path, part: str, column: list[Any], said: str
) -> None:
    """Missing, outside of the classes, or no classes."""
    labels = {"train": [0, 1, 2] * 20, "test": [0, 1, 2] * 6} | {part: column}
    splits = datasets.DatasetDict(
        {name: table(len(values), label=values) for name, values in labels.items()}
    )
    with pytest.raises(DataError, match=said):
        loaded(write_saved(tmp_path / "set", splits))


def test_unlabelled_test_rows_of_named_classes_are_refused(tmp_path: Path) -> None:
    """As ImageNet's test split on the Hub: -1 where the label is kept back."""
    splits = whole_set()
    splits["test"] = table(18, label=[-1] * 18).cast_column(
        "label", datasets.ClassLabel(names=list(CLASSES))
    )
    with pytest.raises(DataError, match=r"label -1 in row 0 .* Choose a split whose rows are"):
        loaded(write_saved(tmp_path / "set", splits))


def test_splits_must_name_the_same_classes(tmp_path: Path) -> None:
    """Or label 0 would mean two things."""
    splits = whole_set()
    splits["test"] = splits["test"].cast_column(
        "label", datasets.ClassLabel(names=list(reversed(CLASSES)))
    )
    with pytest.raises(DataError, match="names other classes than the training split's"):
        loaded(write_saved(tmp_path / "set", splits))


def test_images_are_cut_as_of_image_folder(saved: Path) -> None:
    """256 for every 224 pixels where nothing is said, grey on demand."""
    inputs = loaded(saved, image_size=14, resize=None).test.inputs[[4]][0]
    pixels = picture(1, 101)[1:15, 1:15].transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_array_equal(inputs, pixels.astype(np.float32))
    assert loaded(saved, channels=1).test.inputs[:2].shape == (2, 1, 16, 16)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "path: field required"),
        ({"path": "x", "test": "train"}, "name a split twice: train, train"),
        (
            {"path": "x", "validation": "v", "validation_samples": 9},
            "validation_samples draws none",
        ),
        ({"path": "x", "image_size": 32, "resize": 31}, "resize 31 is smaller than image_size 32"),
        ({"path": "x", "trust_remote_code": True}, "trust_remote_code: unknown key"),
        ({"path": "x", "revision": "../x"}, "revision: "),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], said: str) -> None:
    """Code of a data set can't even be asked for."""
    with pytest.raises(ConfigError, match=said):
        load_data("huggingface", **options)


@pytest.mark.parametrize("name", ["owner/nosuch", "nosuch"])
def test_a_set_that_isn_t_here_isn_t_looked_for_elsewhere(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not HF_DATASETS_OFFLINE is set, the network isn't touched."""

    def unwanted(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(huggingface_hub, "HfApi", unwanted)
    monkeypatch.setattr(huggingface_hub.utils, "get_session", unwanted)
    with pytest.raises(DataError, match=r"not yet downloaded to .* Run again with --download"):
        loaded(name)


@pytest.mark.parametrize("path", ["a/b/c", "../x", "https://huggingface.co/x", "/nosuch"])
def test_what_is_neither_folder_nor_name_is_refused(path: str) -> None:
    """On the Hub a name has one slash at most."""
    with pytest.raises(DataError, match="is no folder, and no name on the Hub"):
        loaded(path)


def test_without_datasets_it_says_how_to_install_it(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an optional extra."""
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ConfigError, match=r"can't be imported .*spikeport\[hub\]"):
        load_data("huggingface", path=str(saved))


def test_a_folder_of_code_isn_t_run(tmp_path: Path) -> None:
    """A script named as its folder was how data sets brought their own code."""
    folder = write_parquet(tmp_path / "evil")
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DataError, match="Dataset scripts are no longer supported"):
        loaded(folder)
    assert not (tmp_path / "ran").exists()


def test_other_readers_aren_t_let_through(tmp_path: Path) -> None:
    """CSV, archives and what else `datasets` would open."""
    (tmp_path / "train.csv").write_text("image,label\na,0\n")
    (tmp_path / "test.csv").write_text("image,label\na,0\n")
    with pytest.raises(DataError, match="would read it as 'csv'; only parquet, arrow, imagefolder"):
        loaded(tmp_path)


@pytest.mark.parametrize("card", ["README.md", ".huggingface.yaml"])
@pytest.mark.parametrize("place", ["{site}train.parquet", "../train.parquet", "/etc/passwd"])
def test_a_card_that_names_files_elsewhere_is_refused(
    parquet: Path, tmp_path: Path, card: str, place: str
) -> None:
    """Before anybody is asked for them."""
    folder = Path(shutil.copytree(parquet, tmp_path / "set"))
    with serving(Site()) as site:
        place = place.format(site=site.address)
        files = f"  data_files:\n  - split: train\n    path: {place}\n"
        configs = f"configs:\n- config_name: default\n{files}"
        (folder / card).write_text(f"---\n{configs}---\n" if card == "README.md" else configs)
        with pytest.raises(DataError, match=f"{card}: names a file elsewhere"):
            loaded(folder)
        assert site.requests == []


def test_a_card_names_configs_and_their_files(parquet: Path, tmp_path: Path) -> None:
    """As on the Hub, where one name holds several data sets."""
    folder = Path(shutil.copytree(parquet, tmp_path / "set" / "small"))
    write_parquet(tmp_path / "set" / "large", {"train": table(60), "test": table(9, first=50)})
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/train-*\n"
        f"  - split: test\n    path: {name}/test-*\n"
        for name in ("small", "large")
    )
    (tmp_path / "set" / "README.md").write_text(f"---\nconfigs:\n{configs}---\n# Insects\n")
    assert len(loaded(tmp_path / "set", config="small").test) == SIZES["test"]
    assert len(loaded(tmp_path / "set", config="large").test) == 9
    with pytest.raises(DataError, match="can't be opened as a data set") as error:
        loaded(tmp_path / "set")
    assert "small" in str(error.value)
    assert folder.is_dir()


@pytest.mark.parametrize(
    "content", ["", "---\n{[\n---\n", "---\n- a\n---\n", "---\nconfigs: 3\n---\n"]
)
def test_strange_cards_are_one_line(parquet: Path, tmp_path: Path, content: str) -> None:
    """Read past, or refused; never more than that."""
    folder = Path(shutil.copytree(parquet, tmp_path / "set"))
    (folder / "README.md").write_text(content)
    said = refusal(lambda: loaded(folder), folder, 50e6)
    assert said is None or said.startswith(f"{folder}: can't be opened as a data set (")


def test_a_card_without_end_is_refused(parquet: Path, tmp_path: Path) -> None:
    """It would be read whole."""
    folder = Path(shutil.copytree(parquet, tmp_path / "set"))
    (folder / "README.md").write_bytes(b"x" * 1_048_577)
    with pytest.raises(DataError, match="longer than 1,048,576 bytes"):
        loaded(folder)


def test_an_empty_folder_says_what_is_expected(tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(DataError, match="Expected are Parquet files, Arrow files") as error:
        loaded(tmp_path)
    assert "\n" not in str(error.value)


def test_a_cache_that_can_t_be_written_is_named(
    parquet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a file lies in its place."""
    cache = Path(os.environ["SPIKEPORT_DATA"]) / "huggingface"
    cache.write_text("")
    with pytest.raises(
        FileError, match=rf"{cache}/arrow: can't be written to \(Not a dir"
    ) as error:
        loaded(parquet)
    assert "\n" not in str(error.value)


def test_a_full_disk_leaves_nothing_half_written(parquet: Path) -> None:
    """While Parquet files become Arrow files; with room, the same command works."""
    with full_disk(6_000), pytest.raises(FileError, match="File too large"):
        loaded(parquet)
    assert len(loaded(parquet).test) == 18


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_one_line(
    saved: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """All its images are read, or it is refused; a wrong offset never leads outside of the file."""
    folder = tmp_path_factory.getbasetemp() / "damaged-tables"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(saved, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(
        st.sampled_from([path for path in files if path.suffix == ".arrow"] * 3 + files)
    )
    content = path.read_bytes()
    path.write_bytes(data.draw(damaged(content, start=min(400, len(content)))))

    def read() -> None:
        found = loaded(folder)
        for split in (found.train, found.validation, found.test):
            assert split.inputs[:].shape[1:] == (3, 16, 16)

    refusal(read, folder, 50e6)


@pytest.mark.parametrize("kind", ["parquet", "saved"])
def test_loading_and_reading_ask_nobody(
    request: pytest.FixtureRequest, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for a count of downloads."""
    asked: list[object] = []

    def nobody(*address: object, **_: object) -> None:
        asked.append(address)
        raise OSError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", nobody)
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    data = loaded(request.getfixturevalue(kind))
    assert len(data.train.inputs[:]) == 54
    assert asked == []
