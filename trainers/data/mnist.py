"""MNIST: 60,000 + 10,000 handwritten digits, 28x28, grey.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
Proc. IEEE 86, 1998. The test split is the official one.
"""

from trainers.data.idx_set import plain_set

CLASSES = tuple("0123456789")

MNIST = plain_set(
    "mnist",
    CLASSES,
    "70,000 real handwritten digits, 28x28, 10 classes",
)
