"""ONNX Runtime against PyTorch: see benchmarks.onnx_speed.

    python benchmarks/onnx.py [--rounds 15] [--output FILE.json]

A script's folder stands first on its path, so every script beside this one that asks for the
package onnx finds this file: it leaves the path and lets the package in.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]

if __name__ == "onnx":
    del sys.modules["onnx"]
    importlib.import_module("onnx")

if __name__ == "__main__":
    importlib.import_module("benchmarks.onnx_speed").main()
