"""The table of writers: who writes NIR files, and what each means by them."""

from export.importing.euler import EULER
from export.importing.norse import NORSE
from export.importing.rockpool import ROCKPOOL
from export.importing.sinabs import SINABS
from export.importing.snntorch import SNNTORCH
from export.importing.spikingjelly import SPIKINGJELLY
from export.importing.spyx import SPYX
from export.importing.writer import Writer

WRITERS: dict[str, Writer] = {
    "norse": NORSE,
    "snntorch": SNNTORCH,
    "spikingjelly": SPIKINGJELLY,
    "sinabs": SINABS,
    "rockpool": ROCKPOOL,
    "spyx": SPYX,
    "euler": EULER,
}
"""Values of --assume."""
