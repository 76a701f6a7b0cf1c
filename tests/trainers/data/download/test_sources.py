"""The table of sources: complete, of one form, and what publishers say elsewhere."""

import re

import pytest

from trainers.data import DATASETS
from trainers.data.download.source import Checksum
from trainers.data.download.sources import SOURCES
from trainers.data.emnist import CLASSES

DOWNLOADABLE = {name for name, row in DATASETS.items() if row.download and name != "huggingface"}

PUBLISHED_MEGABYTES = {"cifar10": 162, "cifar100": 161}
"""Of https://www.cs.toronto.edu/~kriz/cifar.html, in MiB."""


def test_every_row_that_can_be_fetched_has_a_source() -> None:
    """A row that names no source would fail only when it is used."""
    assert set(SOURCES) >= DOWNLOADABLE
    assert {"mnist", "fashion-mnist", "kmnist", "emnist", "cifar10", "cifar100"} <= DOWNLOADABLE


@pytest.mark.parametrize("name", SOURCES)
def test_addresses_end_in_the_file_they_give(name: str) -> None:
    """All of them, and they are web addresses."""
    assert SOURCES[name].page.startswith("http")
    for file in SOURCES[name].files:
        assert file.addresses
        for address in file.addresses:
            assert re.fullmatch(rf"https?://[\w.-]+/(\S+/)?{re.escape(file.name)}", address)


@pytest.mark.parametrize("name", SOURCES)
def test_no_checksum_occurs_twice(name: str) -> None:
    """A row copied from another would be found here."""
    values = [file.checksum.value for source in SOURCES.values() for file in source.files]
    assert len(set(values)) == len(values)
    assert all(
        file.checksum.kind == "sha256" or name in ("shd", "ssc") for file in SOURCES[name].files
    )


@pytest.mark.parametrize(("name", "megabytes"), PUBLISHED_MEGABYTES.items())
def test_sizes_are_those_on_the_publisher_s_page(name: str, megabytes: int) -> None:
    """Rounded as there."""
    (file,) = SOURCES[name].files
    assert file.size is not None
    assert round(file.size / 2**20) == megabytes
    assert sum(member.most for member in file.members) == 60_000 * (
        3072 + (1 if name == "cifar10" else 2)
    )


def test_emnist_holds_four_files_for_every_split() -> None:
    """In the folder that its archive has."""
    (file,) = SOURCES["emnist"].files
    assert len(file.members) == 4 * len(CLASSES)
    assert {member.name.split("-")[1] for member in file.members} == set(CLASSES)
    assert all(member.inside == f"gzip/{member.name}" for member in file.members)


@pytest.mark.parametrize("value", ["", "0" * 31, "0" * 33, "0" * 31 + "G", "0" * 31 + "A"])
def test_a_mistyped_checksum_is_noticed(value: str) -> None:
    """When the table is read, not after a download."""
    with pytest.raises(ValueError, match="no md5"):
        Checksum("md5", value)
