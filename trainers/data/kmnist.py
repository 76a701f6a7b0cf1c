"""KMNIST: 60,000 + 10,000 handwritten cursive Japanese characters (Kuzushiji), 28x28, grey.

Source: Clanuwat et al., "Deep Learning for Classical Japanese Literature", arXiv 1812.01718;
CC BY-SA 4.0 (ROIS-DS Center for Open Data in the Humanities). Classes are rows of hiragana, named
as in the authors' kmnist_classmap.csv, in Latin letters. The test split is the official one.
"""

from trainers.data.idx_set import plain_set

CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

KMNIST = plain_set(
    "kmnist",
    CLASSES,
    "70,000 real handwritten Japanese characters, 28x28, 10 classes",
)
