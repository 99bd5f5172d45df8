"""Trains the forest of the published design's workers: as large and as deep as the fraud example's.

The rows are drawn, not real: what a forest costs depends on its number of trees and their depth, not on what it knows.
usage: train_forest.py OUTPUT
"""

import os
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier

SEED = 7
ROWS = 20_000
COMPONENTS = 28
# Those of examples/train/train_fraud.py.
TREES = 100
MAX_DEPTH = 6
MIN_ROWS_PER_LEAF = 3


def main() -> None:
    output = Path(sys.argv[1])
    random = np.random.default_rng(SEED)
    # The columns of the credit-card data: Time, V1..V28 with falling scale, Amount.
    scale = 1.9 - 0.057 * np.arange(COMPONENTS)
    components = random.normal(size=(ROWS, COMPONENTS)) * scale
    rows = np.column_stack(
        [random.integers(0, 172_800, ROWS), components, 22 * np.exp(1.6 * random.normal(size=ROWS))]
    )
    # Neither so plain that trees stay shallow nor so wild that none learns: a curved border with noise.
    score = components[:, :6].sum(axis=1) + components[:, 6] * components[:, 7] + random.normal(size=ROWS)
    forest = RandomForestClassifier(
        TREES, max_depth=MAX_DEPTH, min_samples_leaf=MIN_ROWS_PER_LEAF, random_state=SEED
    )
    forest.fit(rows.astype(np.float32), score > np.quantile(score, 0.9))
    # Whole or not at all: a run that is broken off leaves nothing that the next one would take.
    unfinished = output.with_suffix(".unfinished")
    joblib.dump(forest, unfinished)
    os.replace(unfinished, output)


if __name__ == "__main__":
    main()
