"""Reads the credit-card fraud table as the float32 rows that the model will be asked about."""

import csv
from pathlib import Path

import numpy as np

FEATURES = ["Time", *(f"V{i}" for i in range(1, 29)), "Amount"]
LABEL = "Class"


def read_distinct_rows(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns features (float32 [rows, 30]) and labels (int64 [rows], 1 = fraud), without duplicates.

    Rows are compared after rounding to float32, the precision of the wire: two rows that the
    model cannot tell apart must not end up one in the training part and one in the held-out part.
    The result is sorted, so it does not depend on the order of the file.
    Raises ValueError when the columns are not the expected ones or equal rows disagree on the label.
    """
    with path.open(newline="") as file:
        header = next(csv.reader(file))
        if header != [*FEATURES, LABEL]:
            raise ValueError(f"{path}: expected the columns {','.join([*FEATURES, LABEL])}")
        # The original file quotes its labels.
        table = np.loadtxt(file, delimiter=",", quotechar='"', dtype=np.float64, ndmin=2)

    rows = np.unique(table.astype(np.float32), axis=0)
    features, labels = rows[:, :-1], rows[:, -1].astype(np.int64)
    if len(np.unique(features, axis=0)) != len(rows):
        raise ValueError(f"{path}: two rows have equal features and different labels")
    return np.ascontiguousarray(features), labels
