/** Deliberately wrong: ONNX Runtime outside its corner. */
export { InferenceSession } from 'onnxruntime-node';
