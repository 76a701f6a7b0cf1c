"""Data sets, one file each and one line each in the table."""

from trainers.data.cifar import CIFAR10, CIFAR100
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.digits import DIGITS
from trainers.data.fashion_mnist import FASHION_MNIST
from trainers.data.idx_folder import IDX_FOLDER
from trainers.data.image_folder import IMAGE_FOLDER
from trainers.data.npz import NPZ
from trainers.data.splits import DataSplits, Split

__all__ = ["DATASETS", "DataSplits", "Dataset", "DatasetOptions", "Split"]

DATASETS: dict[str, Dataset] = {
    "digits": DIGITS,
    "fashion-mnist": FASHION_MNIST,
    "idx-folder": IDX_FOLDER,
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
    "image-folder": IMAGE_FOLDER,
    "npz": NPZ,
}
