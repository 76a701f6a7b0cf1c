"""Chips and reference devices as TOML files; `load` reads chips, `devices` reads devices."""
