"""Finding and reading recipe files, shipped ones by name; `--set` on top."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from trainers.errors import ConfigError
from trainers.recipe import Recipe, parse_recipe

RECIPES: tuple[str, ...] = (
    "digits",
    "digits-baseline",
    "digits-mpd-agl",
    "digits-deeptage",
    "digits-msg",
    "digits-two",
    "digits-msg-two",
    "digits-deeptage-two",
    "digits-ds-atgo-two",
    "digits-plif",
    "digits-tdbn",
    "digits-tet",
    "digits-ltmd",
    "digits-lsg",
    "digits-alif",
    "digits-mlp",
    "digits-cifarnet",
    "digits-vggsnn",
    "digits-vgg11",
    "digits-resnet18",
    "digits-resnet19",
    "digits-sew-resnet18",
    "digits-sew-resnet34",
    "digits-recurrent",
    "digits-graded",
    "digits-rate",
    "digits-rate-spikes",
    "digits-latency",
    "japanese-vowels",
    "basic-motions-delta",
    "fashion-mnist",
    "fashion-mnist-baseline",
    "fashion-mnist-ds-atgo",
    "fashion-mnist-mpd-agl",
    "fashion-mnist-deeptage",
    "fashion-mnist-msg",
    "fashion-mnist-two",
    "fashion-mnist-msg-two",
    "fashion-mnist-deeptage-two",
    "fashion-mnist-ds-atgo-two",
    "fashion-mnist-plif",
    "fashion-mnist-tdbn",
    "fashion-mnist-tet",
    "fashion-mnist-ltmd",
    "fashion-mnist-lsg",
    "fashion-mnist-alif",
    "ds-atgo-cifar10-resnet19",
    "ds-atgo-cifar100-resnet19",
    "ds-atgo-cifar10-dvs-vggsnn",
    "ds-atgo-imagenet-resnet18",
    "mpd-agl-cifar10-resnet19-t2",
    "mpd-agl-cifar10-resnet19-t4",
    "mpd-agl-cifar100-resnet19-t2",
    "mpd-agl-cifar100-resnet19-t4",
    "mpd-agl-cifar10-dvs-vggsnn",
    "deeptage-cifar10-resnet18",
    "deeptage-cifar100-resnet18",
    "deeptage-cifar100-sew-resnet18",
    "deeptage-cifar10-dvs-vgg11",
    "deeptage-imagenet-resnet18",
    "msg-two-cifar10-cifarnet",
    "msg-two-cifar100-cifarnet",
    "msg-two-cifar10-dvs-resnet18",
    "msg-two-cifar10-dvs-vggsnn",
    "msg-two-n-caltech101-resnet18",
    "msg-two-n-caltech101-vggsnn",
    "msg-two-imagenet-sew-resnet34",
)
"""Recipes shipped in trainers/recipes, one TOML file each."""


def load_recipe(
    name_or_path: str, settings: tuple[str, ...] = (), seed: int | None = None
) -> Recipe:
    """Reads a shipped recipe by name or a user's file by path, and applies `key=value` settings.

    Raises:
        ConfigError: there is no such recipe, it can't be read, it isn't TOML, or its content is at
            fault.
    """
    path = _find(name_or_path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{name_or_path}: can't be read ({error.strerror}). Check its permissions."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name_or_path}: not valid TOML ({error}). Mend the file.") from error
    for setting in settings:
        apply_setting(document, setting)
    if seed is not None:
        document["seed"] = seed
    return parse_recipe(document, path.stem)


def apply_setting(document: dict[str, Any], setting: str) -> None:
    """Applies one `table.key=value`; the value is TOML, or plain text if it isn't.

    Raises:
        ConfigError: the setting has no `=`, or its key runs through something that isn't a table.
    """
    key, separator, text = setting.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not separator or not all(parts):
        raise ConfigError(f"--set {setting}: expected table.key=value, e.g. train.epochs=5.")
    table: Any = document
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {setting}: '{part}' is a value, not a table. Check the key.")
    table[parts[-1]] = _toml_value(text.strip())


def _toml_value(text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    # A line break could smuggle in further keys; such a value is text.
    return document["value"] if len(document) == 1 else text


def _find(name_or_path: str) -> Path:
    if name_or_path in RECIPES:
        return Path(str(files("trainers") / "recipes" / f"{name_or_path}.toml"))
    path = Path(name_or_path)
    if path.is_file():
        return path
    raise ConfigError(
        f"recipe '{name_or_path}': no such file, and no shipped recipe of that name. "
        f"Shipped: {', '.join(RECIPES)}."
    )
