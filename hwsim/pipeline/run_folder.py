"""The run folder: where each file of a run lies, and the recipe it was made from."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from export.chip.chip_file import CHAIN_FILE, GRAPH_FILE
from export.golden_spikes import GOLDEN_FILE
from export.schedule_file import SCHEDULE_FILE
from trainers.atomic_file import whole_file
from trainers.errors import ConfigError
from trainers.recipe import Recipe, parse_recipe, recipe_document


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The checked recipe, defaults written out."""
        return self.path / "config.toml"

    @property
    def import_record(self) -> Path:
        """How the network was read, where it came from a file instead of a training."""
        return self.path / "import.json"

    @property
    def spike_counts(self) -> Path:
        """What an imported network without chip file did in the float executor."""
        return self.path / "spikes.npz"

    @property
    def checkpoint(self) -> Path:
        """Weights and running statistics; with early stop, those of the best epoch too."""
        return self.path / "checkpoints" / "last.ckpt"

    @property
    def metrics(self) -> Path:
        """One row per epoch."""
        return self.path / "metrics.csv"

    @property
    def diagnostics(self) -> Path:
        """What each layer did in every epoch of training."""
        return self.path / "diagnostics.npz"

    @property
    def nir(self) -> Path:
        """The frozen network."""
        return self.path / "model.nir"

    @property
    def golden(self) -> Path:
        """What the frozen network did with some test samples, for whoever imports it."""
        return self.path / GOLDEN_FILE

    @property
    def schedule(self) -> Path:
        """The frozen network where its thresholds move with time, which NIR can't hold."""
        return self.path / SCHEDULE_FILE

    @property
    def frozen(self) -> Path:
        """The frozen network, in whichever of the two files there is."""
        return self.schedule if self.schedule.is_file() and not self.nir.is_file() else self.nir

    @property
    def onnx(self) -> Path:
        """The frozen network as an ONNX Scan."""
        return self.path / "model.onnx"

    @property
    def step_onnx(self) -> Path:
        """The frozen network as one ONNX step."""
        return self.path / "model.step.onnx"

    @property
    def chip(self) -> Path:
        """The quantised network: a chain in netx, any other graph in a file of its own."""
        graph = self.path / GRAPH_FILE
        return graph if graph.is_file() else self.path / CHAIN_FILE

    @property
    def chip_onnx(self) -> Path:
        """The quantised network as an ONNX Scan of integers."""
        return self.path / "model.chip.onnx"

    @property
    def samples(self) -> Path:
        """The test split as each runtime takes it."""
        return self.path / "samples.npz"

    @property
    def fidelity(self) -> Path:
        """Accuracy before and after each transformation."""
        return self.path / "fidelity.json"

    @property
    def trace(self) -> Path:
        """Counted events of the simulation."""
        return self.path / "trace.npz"

    @property
    def probes(self) -> Path:
        """States of chosen populations, where they were asked for."""
        return self.path / "probes.npz"

    @property
    def verification(self) -> Path:
        """How every runtime did on the exported files."""
        return self.path / "verify.json"

    @property
    def report_json(self) -> Path:
        """The report's numbers."""
        return self.path / "report.json"

    @property
    def report_markdown(self) -> Path:
        """The report as Markdown."""
        return self.path / "report.md"

    @property
    def report_html(self) -> Path:
        """The report's page."""
        return self.path / "report.html"

    @property
    def training_html(self) -> Path:
        """The page of training diagnostics."""
        return self.path / "training.html"

    @property
    def manifest(self) -> Path:
        """Hashes, versions and what each stage was made from."""
        return self.path / "manifest.json"

    def read_recipe(self) -> Recipe:
        """The recipe of this run.

        Raises:
            ConfigError: the folder holds no readable config.toml.
        """
        if self.import_record.is_file():
            raise ConfigError(
                f"{self.path}: imported from a file, so there is no training to go on from. Use "
                "simulate, report, verify or export --target onnx."
            )
        if not self.config.is_file():
            raise ConfigError(
                f"{self.path}: not a run folder (no config.toml). Make one with "
                "`spikeport run RECIPE -o DIR`."
            )
        try:
            document = tomllib.loads(self.config.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.config}: not valid TOML ({error}). Run again.") from error
        name = document.pop("recipe", self.path.name)
        return parse_recipe(document, str(name))

    def write_recipe(self, recipe: Recipe) -> None:
        """Writes config.toml; FileError if that isn't possible."""
        import tomli_w

        document = {"recipe": recipe.name, **recipe_document(recipe)}
        with whole_file(self.config) as partial:
            partial.write_text(tomli_w.dumps(document), encoding="utf-8")
