"""A small convolutional network in numpy: forward pass, gradients and Adam, and nothing else.

Plain numpy keeps the example to a few small dependencies and its result independent of a
training framework. Images are [n, channels, height, width], as in ONNX.
"""

import numpy as np

KERNEL = 3
CHANNELS_1 = 16
CHANNELS_2 = 32
STRIDE_2 = 2
SIDE = 8
CLASSES = 10
FLAT = CHANNELS_2 * (SIDE // STRIDE_2) ** 2
# The brightest value of the images; the network divides by it.
WHITE = 16

Parameters = dict[str, np.ndarray]


def initial_parameters(random: np.random.Generator) -> Parameters:
    """He initialisation: variance 2 / fan-in keeps the scale of activations through ReLU layers."""

    def weights(*shape: int) -> np.ndarray:
        return random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)

    return {
        "conv1.weight": weights(CHANNELS_1, 1, KERNEL, KERNEL),
        "conv1.bias": np.zeros(CHANNELS_1, np.float32),
        "conv2.weight": weights(CHANNELS_2, CHANNELS_1, KERNEL, KERNEL),
        "conv2.bias": np.zeros(CHANNELS_2, np.float32),
        "dense.weight": weights(CLASSES, FLAT),
        "dense.bias": np.zeros(CLASSES, np.float32),
    }


def probabilities(parameters: Parameters, images: np.ndarray) -> np.ndarray:
    """Images [n, 1, 8, 8] with values 0..16 -> class probabilities [n, 10]."""
    return _forward(parameters, images)[0]


def gradients(parameters: Parameters, images: np.ndarray, labels: np.ndarray) -> Parameters:
    """Gradient of the mean cross-entropy over the batch, for each parameter."""
    p, (patches1, hidden1, patches2, hidden2) = _forward(parameters, images)
    n = len(images)
    # Softmax followed by cross-entropy: the gradient of the logits is p - one_hot(label).
    d_logits = p.copy()
    d_logits[np.arange(n), labels] -= 1
    d_logits /= n

    d_hidden2 = (d_logits @ parameters["dense.weight"]).reshape(hidden2.shape) * (hidden2 > 0)
    d_rows2 = _rows(d_hidden2)
    d_patches2 = d_rows2 @ parameters["conv2.weight"].reshape(CHANNELS_2, -1)
    d_hidden1 = _scatter(d_patches2, hidden1.shape, STRIDE_2) * (hidden1 > 0)
    d_rows1 = _rows(d_hidden1)
    return {
        "conv1.weight": (d_rows1.T @ patches1).reshape(parameters["conv1.weight"].shape),
        "conv1.bias": d_rows1.sum(axis=0),
        "conv2.weight": (d_rows2.T @ patches2).reshape(parameters["conv2.weight"].shape),
        "conv2.bias": d_rows2.sum(axis=0),
        "dense.weight": d_logits.T @ hidden2.reshape(n, -1),
        "dense.bias": d_logits.sum(axis=0),
    }


class Adam:
    """Kingma and Ba, 2015, algorithm 1, with the paper's decay rates. Updates parameters in place."""

    def __init__(self, parameters: Parameters) -> None:
        self._step = 0
        self._mean = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._square = {name: np.zeros_like(value) for name, value in parameters.items()}

    def update(self, parameters: Parameters, gradient: Parameters, rate: float) -> None:
        self._step += 1
        for name, g in gradient.items():
            self._mean[name] = 0.9 * self._mean[name] + 0.1 * g
            self._square[name] = 0.999 * self._square[name] + 0.001 * g * g
            mean = self._mean[name] / (1 - 0.9**self._step)
            square = self._square[name] / (1 - 0.999**self._step)
            parameters[name] -= (rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)


def _forward(parameters: Parameters, images: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    patches1 = _patches(images / np.float32(WHITE), 1)
    hidden1 = _convolve(patches1, parameters["conv1.weight"], parameters["conv1.bias"], len(images))
    patches2 = _patches(hidden1, STRIDE_2)
    hidden2 = _convolve(patches2, parameters["conv2.weight"], parameters["conv2.bias"], len(images))
    logits = hidden2.reshape(len(images), -1) @ parameters["dense.weight"].T + parameters["dense.bias"]
    # The largest logit is taken off first, so that no exponential overflows.
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True), (patches1, hidden1, patches2, hidden2)


def _patches(x: np.ndarray, stride: int) -> np.ndarray:
    """Every 3 x 3 neighbourhood as a row, [n * h * w, c * 9], so that a convolution is one product."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(2, 3))
    return windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * KERNEL**2)


def _scatter(rows: np.ndarray, shape: tuple[int, ...], stride: int) -> np.ndarray:
    """Transpose of `_patches`: adds every row back where its values were read."""
    n, channels, height, width = shape
    windows = rows.reshape(n, height // stride, width // stride, channels, KERNEL, KERNEL).transpose(0, 3, 1, 2, 4, 5)
    padded = np.zeros((n, channels, height + 2, width + 2), rows.dtype)
    for i in range(KERNEL):
        for j in range(KERNEL):
            padded[:, :, i : i + height : stride, j : j + width : stride] += windows[..., i, j]
    return padded[:, :, 1:-1, 1:-1]


def _convolve(patches: np.ndarray, weight: np.ndarray, bias: np.ndarray, n: int) -> np.ndarray:
    rows = np.maximum(patches @ weight.reshape(len(weight), -1).T + bias, 0)
    side = round((len(rows) // n) ** 0.5)
    return rows.reshape(n, side, side, len(weight)).transpose(0, 3, 1, 2)


def _rows(x: np.ndarray) -> np.ndarray:
    """[n, c, h, w] -> [n * h * w, c]"""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
