"""`spikeport lava`: the isolated environment in which lava-dl itself runs."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Install or look at the isolated Lava environment.")


@app.command("install")
def install(
    force: Annotated[bool, typer.Option("--force", help="Rebuild it even if complete.")] = False,
) -> None:
    """Make the environment with lava-nc 0.10.0 and lava-dl 0.6.0 (about 420 MB).

    Example: spikeport lava install
    """
    from hwsim.lava import environment

    environment.install(typer.echo, force=force)


@app.command("status")
def status() -> None:
    """Say where the environment is and what is in it, and test it against the emulator.

    Ends with exit code 2 where it is missing or computes something else.
    """
    from hwsim.lava import environment
    from hwsim.lava.self_test import self_test

    found = environment.require_lava()
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    typer.echo(f"{found.reason}: {versions}")
    typer.echo(f"self-test: {self_test():,} values of u, v and spikes equal the emulator's")
