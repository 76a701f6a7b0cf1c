"""Chip descriptions as TOML files; `hwsim.chip` reads them."""
