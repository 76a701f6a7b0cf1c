"""The pages of real runs in a browser: a small network, a residual one, and PilotNet."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from hwsim.cli.app import run
from hwsim.lava.environment import site_packages
from tests.hwsim.report.conftest import browser
from tests.page_probes import faint, overlaps
from tests.page_visit import Visit

__all__ = ["browser"]

MAX_BYTES = 6_000_000
WIDTHS = (1280, 390)


def assert_sound(browser: Browser, page: Path) -> None:
    """Small enough, whole, silent, alone, titled and without overlap, on a desktop and a phone."""
    assert page.stat().st_size < MAX_BYTES
    for width in WIDTHS:
        for dark in (False, True):
            visit = Visit(browser, page, width, dark=dark)
            assert visit.complaints == []
            assert visit.requests == [visit.page.url]
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            assert overlaps(visit.page) == []
            assert faint(visit.page, least_mark=1.5) == []
            assert _untitled(visit) == []
            visit.page.close()


def _untitled(visit: Visit) -> list[str]:
    """Charts with axes of which one has no title."""
    found: list[str] = visit.page.evaluate(
        """() => [...document.querySelectorAll(".plot")].filter(plot =>
             Object.entries(plot.layout).some(([key, axis]) =>
               /^[xy]axis/.test(key) && axis.visible !== false && axis.showticklabels !== false
               && !axis.matches && !(axis.title && axis.title.text))
           ).map(plot => plot.id)"""
    )
    return found


def test_page_of_the_demo(browser: Browser, trained_digits: Path) -> None:
    """digits, conv-small."""
    assert_sound(browser, trained_digits / "report.html")


@pytest.mark.slow
def test_page_of_a_residual_network(browser: Browser, tmp_path: Path) -> None:
    """resnet19 with relays and delayed convolutions: 35 populations."""
    folder = tmp_path / "run"
    settings = ["--set", "train.epochs=1", "--set", 'export.threshold_strategy="mean"']
    assert run(["run", "digits-resnet19", "-o", str(folder), *settings]) == 0
    assert_sound(browser, folder / "report.html")


@pytest.mark.slow
def test_page_of_pilotnet(browser: Browser, tmp_path: Path) -> None:
    """158,509 neurons from lava-dl's wheel, silent input."""
    source = site_packages() / "tests" / "lava" / "lib" / "dl" / "netx" / "gts" / "pilotnet_lif"
    network, silence = tmp_path / "pilotnet_lif.net", tmp_path / "silence.npz"
    shutil.copy(source / "network.net", network)
    np.savez_compressed(silence, inputs=np.zeros((2, 3, 66, 200), dtype=np.int64))
    done = run(
        ["simulate", str(network), "--inputs", str(silence), "--input-form", "bias",
         "--steps", "16", "--reset", "staggered", "--report", "loihi2", "-o", str(tmp_path)]
    )  # fmt: skip
    assert done == 0
    assert (tmp_path / "report.md").stat().st_size > 10_000
    assert_sound(browser, tmp_path / "report.html")
