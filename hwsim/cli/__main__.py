"""`python -m hwsim.cli`: the command line for launchers that start modules, torchrun above all."""

from hwsim.cli import main

main()
