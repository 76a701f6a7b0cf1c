"""Recipes: one TOML file says data, network, method, training, export, simulation and report.

Every fault is reported at once, each with its place in the file.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainers.data import DATASETS, DatasetOptions
from trainers.errors import ConfigError
from trainers.faults import checked, faults_of, unknown
from trainers.methods import METHODS, MethodOptions, contradictions
from trainers.networks import NETWORKS, NetworkOptions


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataTable(_Table):
    """[data]: `name` of a data set; every other key is an option of that data set."""

    name: str
    options: DatasetOptions


class NetworkTable(_Table):
    """[network]: `name` of a shipped network and its options, or a user's `factory`.

    Args:
        name: a network of the table; None with a factory.
        factory: "module:function"; called with sample_shape, classes and the other keys.
        options: validated options of a shipped network.
        arguments: keyword arguments of a factory.
    """

    name: str | None = None
    factory: str | None = None
    options: NetworkOptions | None = None
    arguments: dict[str, Any] = {}


class MethodTable(_Table):
    """[method]: `use` names the methods; [method.NAME] holds the options of each."""

    use: tuple[str, ...]
    options: dict[str, MethodOptions]


class TrainTable(_Table):
    """[train]: T, optimiser, schedule, precision.

    Args:
        time_steps: T.
        epochs: passes over the training split.
        batch_size: samples per step.
        optimizer: `adamw` or `sgd` (momentum 0.9).
        learning_rate: peak rate; cosine to 0 after `warmup_epochs` of linear rise.
        weight_decay: of the optimiser.
        warmup_epochs: epochs of linear warm-up.
        label_smoothing: of every cross-entropy in the method's loss.
        gradient_clip: largest gradient norm, None for no clipping.
        precision: `32`, `bf16` or `16` (mixed).
    """

    time_steps: int = Field(default=4, ge=1, le=4096)
    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=2)
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=0.01, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup_epochs: int = Field(default=0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    gradient_clip: float | None = Field(default=None, gt=0)
    precision: Literal["32", "bf16", "16"] = "32"


class AugmentTable(_Table):
    """[augment]: random changes of training samples (trainers/augmentation.py); all off by default.

    Args:
        crop_padding: pixels of zero padding on each side, before a random crop of the same size.
        flip: mirror left to right, with probability 1/2.
        rotation: largest angle in degrees, both ways.
        roll: largest cyclic shift in pixels, on both axes (events).
        auto_augment: policy for images with 3 channels in [0, 1].
        cutout: side in pixels of the square that is set to zero.
    """

    crop_padding: int = Field(default=0, ge=0)
    flip: bool = False
    rotation: float = Field(default=0.0, ge=0, le=180)
    roll: int = Field(default=0, ge=0)
    auto_augment: Literal["cifar10", "imagenet", "svhn"] | None = None
    cutout: int = Field(default=0, ge=0)


class ExportTable(_Table):
    """[export]: which files to write and how thresholds freeze.

    Args:
        targets: of `spikeport list targets`.
        threshold_strategy: how an adaptive threshold becomes a constant.
        input_form: how images enter the chip; `bias`: the host computes the first layer.
    """

    targets: tuple[str, ...] = ("nir", "onnx", "netx")
    threshold_strategy: Literal["mean"] = "mean"
    input_form: Literal["bias"] = "bias"


class SimulateTable(_Table):
    """[simulate]: chip, backend and how many test samples (None: all)."""

    chip: str = "loihi1"
    backend: Literal["emulator", "lava"] = "emulator"
    limit: int | None = Field(default=None, ge=1)


class ReportTable(_Table):
    """[report]: what the page is called."""

    title: str | None = None


class Recipe(_Table):
    """A whole recipe, checked.

    Args:
        name: the recipe's name, from its file.
        seed: of weights, shuffling and everything random.
    """

    name: str
    seed: int = Field(default=0, ge=0, lt=2**63)
    data: DataTable
    network: NetworkTable
    method: MethodTable
    train: TrainTable = TrainTable()
    augment: AugmentTable = AugmentTable()
    export: ExportTable = ExportTable()
    simulate: SimulateTable = SimulateTable()
    report: ReportTable = ReportTable()


def parse_recipe(document: dict[str, Any], name: str) -> Recipe:
    """Checks a parsed TOML document.

    Raises:
        ConfigError: all faults in one line, each with its place.
    """
    faults: list[str] = []
    body = dict(document)
    if body.pop("name", None) is not None:
        faults.append("name: unknown key; a recipe is named after its file")
    body["data"] = _data_table(body.get("data"), faults)
    body["network"] = _network_table(body.get("network"), faults)
    body["method"] = _method_table(body.get("method"), faults)
    try:
        recipe = Recipe.model_validate({"name": name, **body})
    except ValidationError as error:
        faults += faults_of(error, skip=("data", "network", "method"))
        recipe = None
    if faults or recipe is None:
        listed = "; ".join(faults)
        raise ConfigError(f"recipe '{name}': {listed}. Mend the recipe or the --set options.")
    return recipe


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a TOML document that `parse_recipe` reads back to the same recipe."""
    plain = recipe.model_dump(mode="json", exclude={"data", "network", "method", "name"})
    document = {key: _without_none(value) for key, value in plain.items()}
    document["data"] = {"name": recipe.data.name, **_options(recipe.data.options)}
    document["network"] = _network_document(recipe.network)
    document["method"] = {
        "use": list(recipe.method.use),
        **{name: _options(options) for name, options in recipe.method.options.items()},
    }
    return document


def _network_document(table: NetworkTable) -> dict[str, Any]:
    if table.factory is not None:
        return {"factory": table.factory, **table.arguments}
    return {"name": table.name, **_options(table.options)}


def _options(options: BaseModel | None) -> dict[str, Any]:
    return {} if options is None else _without_none(options.model_dump(mode="json"))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def _data_table(table: Any, faults: list[str]) -> Any:
    if not isinstance(table, dict):
        faults.append("[data]: the table is missing; name a data set")
        return table
    name = table.get("name")
    if not isinstance(name, str) or name not in DATASETS:
        faults.append(unknown("data.name", name, DATASETS))
        return table
    others = {key: value for key, value in table.items() if key != "name"}
    options: Any = checked(DATASETS[name].options, others, "data", faults)
    return DataTable.model_construct(name=name, options=options)


def _network_table(table: Any, faults: list[str]) -> Any:
    if not isinstance(table, dict):
        faults.append("[network]: the table is missing; name a network or a factory")
        return table
    factory = table.get("factory")
    others = {key: value for key, value in table.items() if key not in ("name", "factory")}
    if factory is not None:
        if "name" in table or not _is_factory(factory):
            faults.append(
                f"network.factory: {factory!r} must be 'module:function' and stand without a name"
            )
        return NetworkTable.model_construct(factory=factory, arguments=others)
    name = table.get("name")
    network = NETWORKS.get(name) if isinstance(name, str) else None
    if network is None:
        faults.append(unknown("network.name", name, NETWORKS))
        return table
    return NetworkTable.model_construct(
        name=name, options=checked(network.options, others, "network", faults)
    )


def _is_factory(factory: Any) -> bool:
    if not isinstance(factory, str) or factory.count(":") != 1:
        return False
    module, function = factory.split(":")
    return all(part.isidentifier() for part in (*module.split("."), function))


def _method_table(table: Any, faults: list[str]) -> Any:
    if not isinstance(table, dict) or "use" not in table:
        faults.append('[method]: the table needs `use`, e.g. use = ["ds-atgo"]')
        return table
    use = table["use"]
    names = [use] if isinstance(use, str) else use
    if not isinstance(names, list | tuple) or not names:
        faults.append(f"method.use: {use!r} must be a list of method names")
        return table
    known = [name for name in names if isinstance(name, str) and name in METHODS]
    faults += [unknown("method.use", name, METHODS) for name in names if name not in known]
    if len(set(map(str, names))) < len(names):
        faults.append(f"method.use: {', '.join(map(str, names))} names a method twice")
    options: dict[str, Any] = {
        name: checked(METHODS[name].options, table.get(name, {}), f"method.{name}", faults)
        for name in known
    }
    sound = {name: value for name, value in options.items() if value is not None}
    faults += [f"method.use: {clause}" for clause in contradictions(METHODS, sound)]
    faults += [
        f"method.{key}: unknown key; options stand in [method.NAME] of a method in `use`"
        for key in table
        if key != "use" and key not in known
    ]
    return MethodTable.model_construct(use=tuple(names), options=options)
