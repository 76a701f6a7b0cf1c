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
    """Say where the environment is and whether it is complete."""
    from hwsim.lava import environment

    found = environment.status()
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    remedy = "" if found.installed else ". Run `spikeport lava install`."
    typer.echo(f"{found.reason}{f': {versions}' if found.installed else ''}{remedy}")
