"""Progress bars for batch work, on standard error, only where someone watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def batch_progress(label: str, total: int, *, show: bool) -> Iterator[Callable[[int], None]]:
    """Gives a function that sets the bar to a number of samples done."""
    if not show:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)
