"""Sends the example requests to the models with ONNX Runtime and prints the answers that the README quotes."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

EXAMPLES = Path(__file__).resolve().parent.parent


def main() -> None:
    for name in ("fraud", "digits"):
        request = json.loads((EXAMPLES / "requests" / f"{name}.json").read_text())
        session = onnxruntime.InferenceSession(EXAMPLES / "models" / name / "1" / "model.onnx")
        feeds = {
            tensor["name"]: np.array(tensor["data"], np.float32).reshape(tensor["shape"])
            for tensor in request["inputs"]
        }
        for output, values in zip(session.get_outputs(), session.run(None, feeds), strict=True):
            print(f"{name} {output.name} {list(values.shape)}: {np.round(values.tolist(), 5).tolist()}")


if __name__ == "__main__":
    main()
