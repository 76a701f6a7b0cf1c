"""Where an export that trains keeps its checkpoints, and what their content depends on."""

import hashlib
from typing import Any

from hwsim.pipeline.manifest import fingerprint_of
from hwsim.pipeline.train_stage import SAME_DATA, SAME_RESULT
from trainers.network import SpikingNetwork
from trainers.recipe import Recipe, recipe_document

FOLDER = "tuning"
HASH_DIGITS = 12
TABLES = ("seed", "data", "encoding", "network", "method", "train", "augment")
"""Of a recipe, those that training depends on."""


def tuning_fingerprint(
    recipe: Recipe, network: SpikingNetwork, checkpoint_sha256: str | None, settings: Any
) -> str:
    """Hash of everything that training a trained network further depends on.

    Args:
        recipe: of the training before; keys that don't change its result don't count.
        network: where it starts.
        checkpoint_sha256: of the checkpoint it came from, which knows a factory's source too.
        settings: what is done, as plain data.
    """
    document = recipe_document(recipe)
    tables = {name: document[name] for name in TABLES}
    tables["train"] = _without(tables["train"], SAME_RESULT)
    tables["data"] = _without(tables["data"], SAME_DATA)
    return fingerprint_of([checkpoint_sha256, _weights_sha256(network), tables, settings])


def tuning_folder(kind: str, fingerprint: str) -> str:
    """Relative to the run folder."""
    return f"{FOLDER}/{kind}-{fingerprint[:HASH_DIGITS]}"


def _without(table: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def _weights_sha256(network: SpikingNetwork) -> str:
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
