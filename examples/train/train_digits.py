"""Trains the digits example, a small convolutional network, and writes it as ONNX once ONNX Runtime agrees."""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from convnet import SIDE, WHITE, Adam, Parameters, gradients, initial_parameters, probabilities
from convnet_onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

SEED = 7
HELD_OUT_FRACTION = 0.3
EPOCHS = 40
BATCH_IMAGES = 32
FIRST_RATE = 2e-3

# Both sides compute in float32 and add up the same few hundred products in different orders.
TOLERANCE = 1e-5


def main() -> None:
    arguments = parse_arguments()
    digits = load_digits()
    images = digits.images.astype(np.float32).reshape(-1, 1, SIDE, SIDE)
    assert images.min() == 0 and images.max() == WHITE
    train_x, held_out_x, train_y, held_out_y = train_test_split(
        images, digits.target, test_size=HELD_OUT_FRACTION, stratify=digits.target, random_state=SEED
    )
    print(f"train: {len(train_y)} images, held out: {len(held_out_y)}")

    # The order of additions in a matrix product, hence its last bits, depends on the number of threads.
    with threadpool_limits(limits=1):
        parameters = train(train_x, train_y)
        expected = probabilities(parameters, images)
        correct = int((probabilities(parameters, held_out_x).argmax(axis=1) == held_out_y).sum())
    print(f"held-out accuracy: {correct / len(held_out_y):.4f} ({len(held_out_y) - correct} wrong)")

    model = to_onnx(parameters).SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (actual,) = session.run(["probabilities"], {"image": images})
    wrong_digits = int((actual.argmax(axis=1) != expected.argmax(axis=1)).sum())
    worst = float(np.abs(actual - expected).max())
    print(f"{len(images)} images compared, {wrong_digits} digits differ, largest probability difference {worst:.1e}")
    if wrong_digits > 0 or worst > TOLERANCE:
        sys.exit("ONNX Runtime and the trainer disagree: nothing written")

    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(model)
    print(f"wrote {arguments.output} ({len(model)} bytes)")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to write the model, e.g. examples/models/digits/1/model.onnx",
    )
    return parser.parse_args()


def train(images: np.ndarray, labels: np.ndarray) -> Parameters:
    """Adam for a fixed number of epochs, with a rate that falls to nothing along half a cosine."""
    random = np.random.default_rng(SEED)
    parameters = initial_parameters(random)
    adam = Adam(parameters)
    for epoch in range(EPOCHS):
        rate = FIRST_RATE * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2
        order = random.permutation(len(images))
        for start in range(0, len(order), BATCH_IMAGES):
            batch = order[start : start + BATCH_IMAGES]
            adam.update(parameters, gradients(parameters, images[batch], labels[batch]), rate)
    return parameters


if __name__ == "__main__":
    main()
