"""An error's text is one line, whatever names it holds."""

import copy

import pytest

from trainers.errors import ConfigError, FileError, SpikeportError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("node 'é中 1', weight: 2 µs. Mend it.", "node 'é中 1', weight: 2 µs. Mend it."),
        ("node 'two\nlines'", r"node 'two\nlines'"),
        ("node '\x1b[2J\x07'", r"node '\x1b[2J\x07'"),
        ("node '\u202egnp.exe'", r"node '\u202egnp.exe'"),
        ("node '\udc80\u2028'", r"node '\udc80\u2028'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [SpikeportError, FileError, ConfigError])
def test_what_would_break_the_line_is_spelt_out(
    kind: type[SpikeportError], text: str, shown: str
) -> None:
    """Line breaks, and what commands a terminal; letters of any script stay."""
    assert str(kind(text)) == shown
    # It comes from worker processes too.
    assert str(copy.copy(kind(text))) == shown
