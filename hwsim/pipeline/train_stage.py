"""Stage `train`: data and recipe to a checkpoint of the last epoch, or with early stop the best."""

from pathlib import Path
from typing import Any

from hwsim.pipeline.input_form import refuse_unfit_data
from hwsim.pipeline.manifest import fingerprint_of
from hwsim.pipeline.stage import Context
from hwsim.pipeline.tested_samples import refuse_large_test_split
from trainers.build import build_data, build_network
from trainers.file_hash import sha256
from trainers.fitting import train_network

SAME_DATA = {"workers", "cache"}
"""Options of data sets that change how fast samples are read: who reads, and where frames lie."""

SAME_RESULT = {"devices", "nodes", "checkpoint_every", "checkpoint_activations"}
"""Keys of [train] that change how fast or how safely it runs: a run continues with others."""


def inputs(context: Context) -> Any:
    """Data, encoding, network, method, training, augmentation, seed; a factory's source too."""
    recipe = context.recipe
    document: dict[str, Any] = {
        "data": [recipe.data.name, recipe.data.options.model_dump(mode="json", exclude=SAME_DATA)],
        "encoding": [recipe.encoding.name, recipe.encoding.options.model_dump(mode="json")],
        "network": recipe.network.model_dump(mode="json", exclude={"options"}),
        "network_options": (
            recipe.network.options.model_dump(mode="json") if recipe.network.options else None
        ),
        "method": {
            name: options.model_dump(mode="json") for name, options in recipe.method.options.items()
        },
        "train": recipe.train.model_dump(mode="json", exclude=SAME_RESULT),
        "augment": recipe.augment.model_dump(mode="json"),
        "seed": recipe.seed,
    }
    source = _factory_source(context)
    if source is not None:
        document["factory_sha256"] = sha256(source)
    return document


def make(context: Context) -> list[Path]:
    """Trains, or continues an interrupted training of the same recipe."""
    data = build_data(context.recipe)
    # The export needs them in memory; to hear of it after days of training would be late.
    refuse_large_test_split(data)
    refuse_unfit_data(context.recipe, data)
    network = build_network(context.recipe, data, code_folder=context.code_folder)
    fitted = train_network(
        network,
        data,
        context.recipe.train,
        seed=context.recipe.seed,
        augment=context.recipe.augment,
        device=context.device,
        folder=context.folder.path,
        fingerprint=fingerprint_of(inputs(context)),
        progress=context.progress,
    )
    kept = fitted.history[fitted.epoch]
    early = context.recipe.train.early_stop is not None
    which = f"best validation epoch {fitted.epoch}" if early else "last epoch"
    context.say(
        f"{len(fitted.history)} epochs, {which}: training loss {kept['train_loss']:.4f}, "
        f"validation accuracy {kept['validation_accuracy']:.4f}"
    )
    folder = context.folder
    return [folder.checkpoint, folder.metrics, folder.diagnostics]


def _factory_source(context: Context) -> Path | None:
    factory = context.recipe.network.factory
    if factory is None or context.code_folder is None:
        return None
    source = context.code_folder / f"{factory.split(':')[0].replace('.', '/')}.py"
    return source if source.is_file() else None
