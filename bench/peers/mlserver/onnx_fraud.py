"""An MLServer inference runtime for an ONNX model, as MLServer's guide to custom runtimes has it.

MLServer ships none for ONNX. Requests have been merged into batches when they get here (adaptive batching).
"""

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri


class OnnxFraud(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        # The settings of all workers that are compared: processes share the cores, so one thread each.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        model = await get_model_uri(self._settings)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        label, probabilities = self._session.run(["label", "probabilities"], {"input": rows})
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            model_version=self.version,
            outputs=[
                # One column: an MLServer tensor has a batch dimension and at least one more.
                NumpyCodec.encode_output("label", label.reshape(-1, 1)),
                NumpyCodec.encode_output("probabilities", probabilities),
            ],
        )
