"""Data sets, one file each and one line each in the table."""

from trainers.data.cifar import CIFAR10, CIFAR100
from trainers.data.cifar10_dvs import CIFAR10_DVS
from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.digits import DIGITS
from trainers.data.dvs128_gesture import DVS128_GESTURE
from trainers.data.emnist import EMNIST
from trainers.data.fashion_mnist import FASHION_MNIST
from trainers.data.huggingface import HUGGINGFACE
from trainers.data.idx_folder import IDX_FOLDER
from trainers.data.image_folder import IMAGE_FOLDER
from trainers.data.japanese_vowels import JAPANESE_VOWELS
from trainers.data.kmnist import KMNIST
from trainers.data.mnist import MNIST
from trainers.data.n_caltech101 import N_CALTECH101
from trainers.data.n_mnist import N_MNIST
from trainers.data.npz import NPZ
from trainers.data.shd import SHD
from trainers.data.splits import DataSplits, Split
from trainers.data.ssc import SSC
from trainers.data.ts_file import TS_FILE

__all__ = ["DATASETS", "DataSplits", "Dataset", "DatasetOptions", "Split"]

DATASETS: dict[str, Dataset] = {
    "digits": DIGITS,
    "mnist": MNIST,
    "fashion-mnist": FASHION_MNIST,
    "kmnist": KMNIST,
    "emnist": EMNIST,
    "idx-folder": IDX_FOLDER,
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
    "image-folder": IMAGE_FOLDER,
    "huggingface": HUGGINGFACE,
    "n-mnist": N_MNIST,
    "dvs128-gesture": DVS128_GESTURE,
    "cifar10-dvs": CIFAR10_DVS,
    "n-caltech101": N_CALTECH101,
    "shd": SHD,
    "ssc": SSC,
    "npz": NPZ,
    "japanese-vowels": JAPANESE_VOWELS,
    "ts-file": TS_FILE,
}
