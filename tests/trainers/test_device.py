"""Choosing a device, on machines with and without CUDA."""

import pytest
import torch

from trainers.device import choose_device
from trainers.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "cuda", "chosen"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_auto_takes_cuda_where_there_is_one(
    name: str, cuda: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named device is taken as named."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert choose_device(name) == chosen


def test_cuda_without_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a silent fall back to the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"'cuda': torch sees no CUDA device.*Choose cpu"):
        choose_device("cuda")


def test_an_unknown_device_lists_the_known_ones() -> None:
    """Also CUDA with an index, which isn't a choice here."""
    with pytest.raises(ConfigError, match=r"device 'cuda:1': unknown\. Choose auto, cpu or cuda"):
        choose_device("cuda:1")
