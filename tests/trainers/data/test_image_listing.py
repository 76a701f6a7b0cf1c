"""Which files of a folder count as images, of which class, in which order."""

import os
from pathlib import Path

import pytest

from trainers.data.image_listing import list_images
from trainers.errors import DataError


def made(folder: Path, *names: str) -> Path:
    """Empty files below a folder; a name that ends in a slash is a folder."""
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return folder


def test_classes_and_files_are_sorted(tmp_path: Path) -> None:
    """By their characters, capitals first, whatever order the file system has."""
    names = ["b/2.png", "b/10.png", "B/z.JPG", "a/c.jpeg", "a/a.BMP", "a/b.WebP"]
    files = list_images(made(tmp_path, *names), "")
    assert files.classes == ("B", "a", "b")
    assert files.labels.tolist() == [0, 1, 1, 1, 2, 2]
    assert [files.path(index) for index in range(6)] == [
        tmp_path / name
        for name in ("B/z.JPG", "a/a.BMP", "a/b.WebP", "a/c.jpeg", "b/10.png", "b/2.png")
    ]


def test_only_images_directly_in_a_class_folder_count(tmp_path: Path) -> None:
    """No other files, nothing hidden, no folders named like an image, no stray images."""
    made(tmp_path, "a/1.png", "a/boxes.txt", "a/._1.png", "a/x.png/", "a/deep/2.png", "b/1.jpg",
         "stray.png", ".cache/1.png")  # fmt: skip
    files = list_images(tmp_path, "")
    assert files.classes == ("a", "b")
    assert [files.path(index).name for index in range(len(files.labels))] == ["1.png", "1.jpg"]


def test_links_count(tmp_path: Path) -> None:
    """To files and to folders: large sets are often laid out with them."""
    made(tmp_path, "a/1.png", "elsewhere/2.png")
    (tmp_path / "a" / "3.png").symlink_to(tmp_path / "a" / "1.png")
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    files = list_images(tmp_path, "")
    assert (files.classes, files.labels.tolist()) == (("a", "b", "elsewhere"), [0, 0, 1, 2])


def test_any_file_name_leads_back_to_its_file(tmp_path: Path) -> None:
    """Also one that is no valid UTF-8, beside others of several bytes per character."""
    made(tmp_path, "a/ä.png", "a/b.png")
    with open(os.path.join(os.fsencode(tmp_path), b"a", b"\xff\xfe.png"), "wb"):
        pass
    files = list_images(tmp_path, "")
    assert len(files.labels) == 3
    assert all(files.path(index).is_file() for index in range(3))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["other/"], r"train: no such folder\. Give me folders"),
        (["train"], r"train: no such folder\. Give me folders"),
        (["train/1.png"], r"train: no class folder in it\. Give me folders"),
        (["train/a/1.png", "train/b/1.gif"], r"train/b: no image in this class folder .*\.webp"),
        (["train/a\nb/1.png"], r"train: the class folder 'a\\nb' has a name that can't be printed"),
    ],
)
def test_each_fault_is_one_line_with_its_place(tmp_path: Path, names: list[str], said: str) -> None:
    """What is expected stands with it."""
    made(tmp_path, *names)
    with pytest.raises(DataError, match=said) as error:
        list_images(tmp_path / "train", "Give me folders.")
    assert "\n" not in str(error.value)


def test_an_unreadable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's reason."""
    made(tmp_path, "a/1.png")

    def forbidden(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(DataError, match=r"can't be read \(Permission denied\)"):
        list_images(tmp_path, "")
