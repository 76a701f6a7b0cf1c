"""Spikes under way: a source's last steps as a Scan state, [batch, steps, *shape], newest first."""

from export.onnx.chip.fragment import IntegerFragment
from export.onnx.chip.plan import Plan

NEWEST = 1
"""Lag of the newest entry."""


def emit_sent(body: IntegerFragment, plan: Plan, source: str, lags: tuple[int, ...]) -> str:
    """What a source sent `lags` steps ago: [batch, *shape], or [batch, lags, *shape] for several.

    Lag 0 is this step's, which `sent_<source>` holds once the source is computed.
    """
    if lags == (0,):
        return plan.local("sent", source)
    output = plan.local("sent_" + "_".join(map(str, lags)) + "_ago", source)
    if any(operator.output[0] == output for operator in body.operators):
        return output
    entries = [lag - NEWEST for lag in lags]
    index = body.integers(f"{output}_index", entries[0] if len(lags) == 1 else entries)
    return body.compute("Gather", [plan.local("history", source), index], output, axis=1)


def emit_history(body: IntegerFragment, plan: Plan, source: str) -> None:
    """Appends the history after this step."""
    axis = body.integers("steps_axis", [1])
    newest, after = plan.local("sent", source), plan.local("history_next", source)
    kept = plan.history[source]
    if kept == 1:
        body.compute("Unsqueeze", [newest, axis], after)
        return
    front = body.compute("Unsqueeze", [newest, axis], plan.local("newest", source))
    begin = body.integers("oldest_begin", [0])
    end = body.integers(f"oldest_end_{kept - 1}", [kept - 1])
    older = body.compute(
        "Slice", [plan.local("history", source), begin, end, axis], plan.local("older", source)
    )
    body.compute("Concat", [front, older], after, axis=1)
