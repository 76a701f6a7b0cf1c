"""A network frozen, exported and run by ONNX Runtime, as a row among others."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from export.freezing import freeze
from export.onnx import write_onnx
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork


def onnx_runner(body: nn.Module, time_steps: int, images: Tensor) -> Callable[[], None]:
    """A pass over the images of the network with fixed thresholds, untrained, all steps inside."""
    network = SpikingNetwork(body, time_steps, sample_shape=tuple(images.shape[1:]))
    install(network, METHODS, {"baseline": METHODS["baseline"].options()})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    # Its idle threads would otherwise spin on, at the cost of the row after it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_onnx(freeze(network.eval(), images.numpy()[:1]), path)
        session = onnxruntime.InferenceSession(path.read_bytes(), options)
    feed = {session.get_inputs()[0].name: images.numpy()}

    def run() -> None:
        session.run(None, feed)

    return run
