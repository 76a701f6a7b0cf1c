"""Colours that the page swaps where the reader's system is dark."""

DARK = {
    "#1d2733": "#e4e9ee",  # ink
    "#5c6773": "#a3aeba",  # muted text
    "#e6e9ed": "#2b3540",  # grid
    "#ffffff": "#1f2832",  # hover labels
    "#2f5d8c": "#6ea2d6",  # accent, synaptic operations
    "#c77f2a": "#e09a45",  # second
    "#4f9d8e": "#5fb3a3",  # neuron updates
    "#d9a441": "#e0b055",  # messages
    "#9aa3ad": "#98a2ad",  # leakage
    "#6b7480": "#76828f",  # rest of the chip
    "#a5678e": "#c286ab",  # host
    "#b5563c": "#d67a60",  # I/O
    "#f3f6f9": "#1b2530",  # blues, from none to most
    "#b9cfe4": "#28496b",
    "#5f90bf": "#5f90bf",
    "#1f4a78": "#b9d6f2",
    "#8f4a12": "#efb57f",  # the other side of nought
    "#dca872": "#6b4524",
    "#f6f6f4": "#1b2530",
    "#86a9cc": "#2c5278",
    "#8fb0d0": "#4a7bab",  # bars under whiskers
    "#e0b184": "#a8713a",
    "#d3e2f0": "#22405d",  # an idle core
    "#e9ecef": "#232c36",  # an unused core, a layer's window
}
"""Light colour -> dark one. Any other is mixed with white until it stands out (page.js)."""
