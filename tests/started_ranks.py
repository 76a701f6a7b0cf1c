"""The command line in several processes that know of each other as torchrun tells them."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def start_ranks(commands: list[list[str]], folder: Path) -> list[Ended]:
    """Runs one python command line per rank, all at once, and waits for them."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    with ExitStack() as files:

        def opened(rank: int, end: str) -> IO[str]:
            return files.enter_context((folder / f"{rank}.{end}").open("w"))

        started = [
            subprocess.Popen(
                [sys.executable, *command],
                env={**os.environ, **meeting, "RANK": str(rank), "WORLD_SIZE": str(len(commands))},
                cwd=Path(__file__).parents[1],
                stdout=opened(rank, "out"),
                stderr=opened(rank, "err"),
            )
            for rank, command in enumerate(commands)
        ]
    codes = [process.wait(timeout=300) for process in started]
    return [
        Ended(code, *((folder / f"{rank}.{end}").read_text() for end in ("out", "err")))
        for rank, code in enumerate(codes)
    ]


def simulate_in(number: int, folder: Path, *arguments: object) -> list[Ended]:
    """`spikeport simulate` in so many processes."""
    command = ["-m", "hwsim.cli", "simulate", *map(str, arguments)]
    return start_ranks([command] * number, folder)
