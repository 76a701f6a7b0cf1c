"""The table of public sources, one row per data set.

Bytes and sha256 of the MNIST family and of CIFAR are those that TensorFlow Datasets records
(tensorflow/datasets, tensorflow_datasets/url_checksums: mnist.txt, fashion_mnist.txt, kmnist.txt,
emnist.txt, cifar10.txt, cifar100.txt). The publishers' own md5 sums of the same files, where they
give them, stand in pytorch/vision, torchvision/datasets/mnist.py, and on the CIFAR page.
The md5 sums of SHD and SSC are those of neuromorphs/tonic, tonic/datasets/hsd.py.
"""

from trainers.data.cifar import ADDRESS as CIFAR_PAGE
from trainers.data.cifar import CIFAR10_VERSION, CIFAR100_VERSION, PIXELS, CifarVersion
from trainers.data.download.source import Checksum, Member, RemoteFile, Source

IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
CIFAR_FOLDERS = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")
EMNIST_SPLITS = ("balanced", "byclass", "bymerge", "digits", "letters", "mnist")
EMNIST_MOST = 600_000_000
"""Of one packed file; ByClass, the largest split, is 547 MB of pixels unpacked."""

HEIDELBERG_FOLDERS = ("https://zenkelab.org/datasets/", "https://compneuro.net/datasets/")
HEIDELBERG_MOST = 8 << 30


def _idx(folders: tuple[str, ...], *files: tuple[int, str]) -> tuple[RemoteFile, ...]:
    """Bytes and sha256 of the four files, in the order of their names."""
    return tuple(
        RemoteFile(name, tuple(folder + name for folder in folders), size, _sha256(value))
        for name, (size, value) in zip(IDX_NAMES, files, strict=True)
    )


def _emnist(split: str) -> tuple[Member, ...]:
    names = (
        f"emnist-{split}-{part}-{kind}-ubyte.gz"
        for part in ("train", "test")
        for kind in ("images-idx3", "labels-idx1")
    )
    return tuple(Member(f"gzip/{name}", name, EMNIST_MOST) for name in names)


def _cifar(version: CifarVersion, stem: str, inside: str, size: int, value: str) -> RemoteFile:
    archive, record = f"{stem}.tar.gz", len(version.label_limits) + PIXELS
    files = dict.fromkeys(version.train, version.records) | {version.test: version.test_records}
    return RemoteFile(
        archive,
        tuple(folder + archive for folder in CIFAR_FOLDERS),
        size,
        _sha256(value),
        tuple(Member(f"{inside}/{name}", name, count * record) for name, count in files.items()),
    )


def _heidelberg(name: str, md5: str) -> RemoteFile:
    archive = f"{name}.zip"
    return RemoteFile(
        archive,
        tuple(folder + archive for folder in HEIDELBERG_FOLDERS),
        None,
        Checksum("md5", md5),
        (Member(name, name, HEIDELBERG_MOST),),
    )


def _sha256(value: str) -> Checksum:
    return Checksum("sha256", value)


SOURCES: dict[str, Source] = {
    "mnist": Source(
        "http://yann.lecun.com/exdb/mnist/",
        _idx(
            # Google's copy, and PyTorch's.
            (
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ),
            (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
    ),
    "fashion-mnist": Source(
        "https://github.com/zalandoresearch/fashion-mnist",
        _idx(
            (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            ),
            (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
    ),
    "kmnist": Source(
        "http://codh.rois.ac.jp/kmnist/",
        _idx(
            (
                "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            ),
            (18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
            (29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
            (3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
            (5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
        ),
    ),
    "emnist": Source(
        "https://www.nist.gov/itl/products-and-services/emnist-dataset",
        (
            RemoteFile(
                "gzip.zip",
                (
                    "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
                    "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
                ),
                561_753_746,
                _sha256("fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"),
                tuple(member for split in EMNIST_SPLITS for member in _emnist(split)),
            ),
        ),
    ),
    "cifar10": Source(
        CIFAR_PAGE,
        (
            _cifar(
                CIFAR10_VERSION,
                "cifar-10-binary",
                "cifar-10-batches-bin",
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        ),
    ),
    "cifar100": Source(
        CIFAR_PAGE,
        (
            _cifar(
                CIFAR100_VERSION,
                "cifar-100-binary",
                "cifar-100-binary",
                168_513_733,
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            ),
        ),
    ),
    "shd": Source(
        "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
        (
            _heidelberg("shd_train.h5", "f3252aeb598ac776c1b526422d90eecb"),
            _heidelberg("shd_test.h5", "1503a5064faa34311c398fb0a1ed0a6f"),
        ),
    ),
    "ssc": Source(
        "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
        (
            _heidelberg("ssc_train.h5", "d102be95e7144fcc0553d1f45ba94170"),
            _heidelberg("ssc_valid.h5", "b4eee3516a4a90dd0c71a6ac23a8ae43"),
            _heidelberg("ssc_test.h5", "a35ff1e9cffdd02a20eb850c17c37748"),
        ),
    ),
}
