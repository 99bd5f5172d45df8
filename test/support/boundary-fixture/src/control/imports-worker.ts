/** Deliberately wrong: control imports the worker. */
export { session } from '../worker/onnx/session.ts';
