"""The optional packages that the data set `huggingface` needs, and what they may say."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from trainers.errors import ConfigError

PACKAGES = ("datasets", "pyarrow", "huggingface_hub", "PIL")
TALKATIVE = ("datasets", "huggingface_hub.utils")
"""Where they keep the switches of their progress bars."""


def require_hub_extra() -> None:
    """Imports them; it takes seconds, so only where they are about to be used.

    Raises:
        ConfigError: one can't be imported.
    """
    for package in PACKAGES:
        try:
            import_module(package)
        except ImportError as error:
            raise ConfigError(
                f"data set 'huggingface': the package {package} can't be imported ({error}). Run "
                "`pip install 'spikeport[hub]'`."
            ) from error


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Bars only where someone watches, and no log: what goes wrong is told once, by us."""
    logs = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [log.level for log in logs]
    switches = [import_module(name) for name in TALKATIVE]
    shown = [switch for switch in switches if not switch.are_progress_bars_disabled()]
    hidden = [] if sys.stderr.isatty() else shown
    for log in logs:
        log.setLevel(logging.CRITICAL)
    for switch in hidden:
        switch.disable_progress_bars()
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
        for switch in hidden:
            switch.enable_progress_bars()
