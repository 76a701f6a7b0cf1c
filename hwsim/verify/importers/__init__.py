"""Third-party importers of NIR, and how a network they imported is run.

Stand-alone: nothing here imports more than numpy, nir, torch and the tool itself, so that it also
runs under an interpreter that holds a tool and nothing of the project (`hwsim.verify.worker`).
"""
