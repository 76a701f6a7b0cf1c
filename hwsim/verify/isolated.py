"""A third-party importer in a process of its own, with this interpreter or another one.

A tool whose dependencies clash with ours lives in an environment of its own; `hwsim.verify.worker`
runs there and needs nothing of the project. Graph, inputs and results change hands as files in a
temporary folder, without pickle.
"""

import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from export.nir_file import write_nir
from hwsim.errors import NotInstalled, RuntimeRefused
from hwsim.verify import worker
from hwsim.verify.importer_source import Source, source_of
from hwsim.verify.importers.imported import Outcome
from hwsim.verify.importers.table import IMPORTERS
from hwsim.verify.runtime import Answer, Ask, FloatArray, Samples, Subject, refused
from hwsim.verify.torch_importer import answering, frames_of
from trainers.errors import FileError

TIMEOUT_S = 600.0
"""For importing a network, and for each batch."""


def in_own_process(
    name: str, python: Path, profile: str | None = None, *, timeout_s: float = TIMEOUT_S
) -> Callable[[Subject], Ask | None]:
    """How to open a network in an importer that runs under another interpreter.

    Args:
        name: the importer's, a key of `hwsim.verify.importers.table.IMPORTERS`.
        python: the interpreter.
        profile: whose file it reads, if not the network as it is.
        timeout_s: for importing the network, and for each batch.

    Raises (when opened):
        NotInstalled: the interpreter isn't there, or the tool isn't there for it.
        RuntimeRefused: the tool can't take this network, crashed or took too long.
        FileError: no space for the temporary files.
    """

    def open_it(subject: Subject) -> Ask | None:
        source = source_of(subject, profile)
        return None if source is None else Isolated(name, python, subject, source, timeout_s)

    return open_it


class Isolated:
    """A network in an importer, asked batch by batch; `close` ends the process."""

    def __init__(
        self, name: str, python: Path, subject: Subject, source: Source, timeout_s: float
    ) -> None:
        self._importer, self._facts = IMPORTERS[name], subject.facts
        self._source, self._timeout_s = source, timeout_s
        self._answer = answering(self._run, self._importer, source, subject.facts)
        self._asked = 0
        self._scratch = tempfile.TemporaryDirectory(prefix="spikeport-verify-")
        self._folder = Path(self._scratch.name)
        self._process: subprocess.Popen[str] | None = None
        try:
            with _writing(self._folder):
                self._write_subject(name)
            self._process = self._started(python)
            self._wait(self._process)
        except BaseException:
            self.close()
            raise

    def __call__(self, inputs: Samples) -> Answer:
        """Answers a batch.

        Raises:
            RuntimeRefused: the tool failed on it, crashed or took too long.
            FileError: no space for the temporary files.
        """
        return self._answer(inputs)

    def close(self) -> None:
        """Ends the process and removes its files."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        self._scratch.cleanup()

    def _write_subject(self, name: str) -> None:
        facts = self._facts
        write_nir(self._source.graph, self._folder / "graph.nir")
        described = {
            "importer": name,
            "dt_s": facts.dt_s,
            "time_steps": facts.time_steps,
            "neurons": self._neurons,
        }
        (self._folder / "subject.json").write_text(json.dumps(described))

    def _started(self, python: Path) -> "subprocess.Popen[str]":
        try:
            with self._log.open("wb") as log:
                return subprocess.Popen(
                    [str(python.absolute()), "-I", worker.__file__, str(self._folder)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    env=os.environ, cwd=self._folder, text=True, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise NotInstalled(
                f"{self._importer.tool}: interpreter {python} can't be started "
                f"({error.strerror or error}). Name a Python that has {self._importer.package}."
            ) from error

    def _run(self, inputs: Samples, *, membranes: bool) -> Outcome:
        process = self._process
        if process is None or process.stdin is None:
            raise refused(self._importer.tool, "its process has ended")
        batch = f"batch_{self._asked}"
        self._asked += 1
        frames = frames_of(inputs, self._facts)
        source, result = self._folder / f"{batch}.npz", self._folder / f"{batch}.result.npz"
        with _writing(self._folder):
            np.savez(source, frames=frames, membranes=membranes)
        try:
            process.stdin.write(batch + "\n")
            process.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended(process) from error
        self._wait(process)
        with np.load(result, allow_pickle=False) as arrays:
            outcome = self._outcome(arrays)
        source.unlink()
        result.unlink()
        return outcome

    def _outcome(self, arrays: Mapping[str, FloatArray]) -> Outcome:
        names = dict(enumerate(self._neurons))
        return Outcome(
            {name: arrays[f"spikes{k}"].astype(np.bool_) for k, name in names.items()},
            arrays["outputs"],
            {
                name: arrays[f"membranes{k}"]
                for k, name in names.items()
                if f"membranes{k}" in arrays
            },
        )

    def _wait(self, process: "subprocess.Popen[str]") -> None:
        """Takes the next answer.

        Raises:
            NotInstalled: the tool isn't there.
            RuntimeRefused: it failed, crashed or took too long.
            FileError: it had no space for its results.
        """
        line = self._next_line(process)
        if not line.endswith("\n"):
            raise self._ended(process)
        answer: dict[str, str] = json.loads(line)
        if "not_installed" in answer:
            raise NotInstalled(
                f"{self._importer.tool}: {answer['not_installed']}, says the interpreter named for "
                f"it. Install {self._importer.package} there."
            )
        if "unwritten" in answer:
            raise _full(self._folder, answer["unwritten"])
        if answer:
            raise refused(self._importer.tool, answer["failure"])

    def _next_line(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(self._timeout_s):
                raise RuntimeRefused(
                    f"{self._importer.tool} took longer than {self._timeout_s:g} s in its process "
                    "and was ended."
                )
        return process.stdout.readline()

    def _ended(self, process: "subprocess.Popen[str]") -> RuntimeRefused:
        """What to raise when it ended without an answer."""
        status = process.wait()
        if status < 0:
            return refused(
                self._importer.tool, f"its process was killed by {signal.Signals(-status).name}"
            )
        said = [line.strip() for line in self._log.read_text(errors="replace").splitlines()]
        last = next((line for line in reversed(said) if line), f"exit status {status}")
        return refused(self._importer.tool, f"its process ended: {last[:200]}")

    @property
    def _neurons(self) -> tuple[str, ...]:
        return tuple(self._source.names.values())

    @property
    def _log(self) -> Path:
        return self._folder / "output.txt"


def _end(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stdin):
        # What was still on its way to the process has no reader any more.
        with suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _full(folder, error.strerror or str(error)) from error


def _full(folder: Path, reason: str) -> FileError:
    return FileError(
        f"{folder}: can't be written ({reason}). Free some space, or set TMPDIR to another folder."
    )
