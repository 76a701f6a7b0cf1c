"""Run folders without a training: networks imported from other tools' NIR files."""
