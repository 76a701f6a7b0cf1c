"""Networks from elsewhere: any NIR graph into our frozen form, and what was made of it."""

from export.importing.chip_grid import on_chip_grid
from export.importing.import_graph import Imported, import_graph, with_run
from export.importing.interpretation import Interpretation, NodeMeaning
from export.importing.writers import WRITERS

__all__ = [
    "WRITERS",
    "Imported",
    "Interpretation",
    "NodeMeaning",
    "import_graph",
    "on_chip_grid",
    "with_run",
]
