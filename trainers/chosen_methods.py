"""The methods that a call of `fit` names, with their options checked."""

from typing import Any

from trainers.faults import checked, unknown
from trainers.methods import METHODS, MethodOptions, contradictions


def chosen_methods(
    method: str | tuple[str, ...], options: dict[str, Any], faults: list[str]
) -> dict[str, MethodOptions]:
    """Checked options by the method's name; what is wrong is added to the faults.

    Args:
        method: one name, or several that go together.
        options: of the one, or one dict for each of several by name.
        faults: of the whole call.
    """
    single = isinstance(method, str)
    names = (method,) if isinstance(method, str) else method
    given = {method: options} if isinstance(method, str) else options
    faults += [unknown("method", name, METHODS) for name in names if name not in METHODS]
    faults += [f"options.{name}: not among the methods" for name in given if name not in names]
    checked_options = {
        name: checked(
            METHODS[name].options,
            given.get(name, {}),
            "options" if single else f"options.{name}",
            faults,
        )
        for name in names
        if name in METHODS
    }
    chosen = {name: value for name, value in checked_options.items() if value is not None}
    faults += [f"method: {clause}" for clause in contradictions(METHODS, chosen)]
    return chosen
