"""Draws networks and prints what they cover, without Lava.

python -m tests.random_networks [--networks 220]
"""

import argparse
import sys

from tests.random_networks.coverage import rows_of, table
from tests.random_networks.network import NETWORKS, network


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=NETWORKS)
    drawn = [network(number) for number in range(parser.parse_args().networks)]
    sys.stdout.write(table(rows_of((set(n.features), n.edges) for n in drawn)) + "\n")


if __name__ == "__main__":
    main()
