"""Writes an example request for the fraud model with two invented transactions: fraud-like, then legitimate-like.

The data set's licence is share-alike, so no row of it is in this repository. Each invented value is
an independent draw from a normal distribution with the mean and the standard deviation that its
feature has among the frauds (first transaction) or among the others (second one).
"""

import argparse
import textwrap
from pathlib import Path

import numpy as np
from fraud_data import FEATURES, read_distinct_rows

SEED = 7
DECIMALS = 4


def main() -> None:
    arguments = parse_arguments()
    features, labels = read_distinct_rows(arguments.data)
    random = np.random.default_rng(SEED)
    rows = [draw_row(random, features[labels == label]) for label in (1, 0)]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(request_json(rows))
    print(f"wrote {arguments.output}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV with a header and the columns Time, V1..V28, Amount, Class (1 = fraud)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to write the request, e.g. examples/requests/fraud.json",
    )
    return parser.parse_args()


def request_json(rows: list[list[float]]) -> str:
    """An Open Inference Protocol v2 request, with the numbers laid out as this project's formatter does."""
    indent = " " * 8
    numbers = ", ".join(str(value) for row in rows for value in row)
    data = textwrap.fill(numbers, 110, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return f"""{{
  "inputs": [
    {{
      "name": "input",
      "shape": [{len(rows)}, {len(FEATURES)}],
      "datatype": "FP32",
      "data": [
{data}
      ]
    }}
  ]
}}
"""


def draw_row(random: np.random.Generator, features: np.ndarray) -> list[float]:
    values = random.normal(features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64))
    # Seconds and euros are never negative, whatever the bell curve says.
    for name in ("Time", "Amount"):
        values[FEATURES.index(name)] = max(0, values[FEATURES.index(name)])
    return values.round(DECIMALS).tolist()


if __name__ == "__main__":
    main()
