"""The command line: `spikeport`."""

import sys


def main() -> None:
    """Runs the command line; errors a user can mend become one line and exit code 2.

    Exit codes: 0 done, 2 bad input, 4 a runtime differs (`verify`), 130 interrupted.
    """
    from hwsim.cli.app import run

    sys.exit(run(sys.argv[1:]))
