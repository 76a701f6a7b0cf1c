"""The importers by name: a file each, one line here."""

from hwsim.verify.importers.importer import Importer
from hwsim.verify.importers.norse import NORSE
from hwsim.verify.importers.sinabs import SINABS
from hwsim.verify.importers.snntorch import SNNTORCH
from hwsim.verify.importers.spikingjelly import SPIKINGJELLY

IMPORTERS: dict[str, Importer] = {
    "norse": NORSE,
    "snntorch": SNNTORCH,
    "spikingjelly": SPIKINGJELLY,
    "sinabs": SINABS,
}
