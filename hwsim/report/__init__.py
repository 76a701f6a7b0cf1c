"""The report: one JSON file that is the truth, and the terminal and the page drawn from it."""
