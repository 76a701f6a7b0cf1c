"""The pipeline: stages joined by files, each skipped when nothing it depends on has changed."""
