"""Event recordings: readers of their file formats, and frames that are built once and kept."""
