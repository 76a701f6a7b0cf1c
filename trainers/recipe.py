"""Recipes: one TOML file says data, network, method, training, export, simulation and report.

Every fault is reported at once, each with its place in the file.
"""

from typing import Any

from pydantic import BaseModel, Field, ValidationError

from trainers.data import DATASETS
from trainers.encodings.encoding_table import EncodingTable, encoding_table
from trainers.errors import ConfigError
from trainers.export_tables import ExportTable
from trainers.faults import checked, checked_by_name, faults_of, unknown
from trainers.methods import METHODS, contradictions
from trainers.networks import NETWORKS
from trainers.recipe_table import Table
from trainers.recipe_tables import (
    AugmentTable,
    DataTable,
    MethodTable,
    NetworkTable,
    ReportTable,
    SimulateTable,
)
from trainers.train_table import TrainTable

__all__ = [
    "AugmentTable",
    "DataTable",
    "ExportTable",
    "MethodTable",
    "NetworkTable",
    "Recipe",
    "ReportTable",
    "SimulateTable",
    "TrainTable",
    "parse_recipe",
    "recipe_document",
]


class Recipe(Table):
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
    encoding: EncodingTable = EncodingTable()
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
    body["encoding"] = encoding_table(body.get("encoding"), faults)
    try:
        recipe = Recipe.model_validate({"name": name, **body})
    except ValidationError as error:
        faults += faults_of(error, skip=("data", "network", "method", "encoding"))
        recipe = None
    if faults or recipe is None:
        listed = "; ".join(faults)
        raise ConfigError(f"recipe '{name}': {listed}. Mend the recipe or the --set options.")
    return recipe


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a TOML document that `parse_recipe` reads back to the same recipe."""
    plain = recipe.model_dump(
        mode="json", exclude={"data", "network", "method", "encoding", "name"}
    )
    document = {key: _without_none(value) for key, value in plain.items()}
    document["data"] = {"name": recipe.data.name, **_options(recipe.data.options)}
    document["network"] = _network_document(recipe.network)
    document["encoding"] = {"name": recipe.encoding.name, **_options(recipe.encoding.options)}
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
    chosen = checked_by_name(table, "data", DATASETS, faults)
    if chosen is None:
        return table
    name, options = chosen
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
