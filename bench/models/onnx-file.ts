/** The part of the ONNX file format that convolutional networks need, for the models that benchmarks make themselves. */
import protobuf from 'protobufjs';

/** Field numbers of onnx.proto3 (github.com/onnx/onnx, IR version 8); what is left out is optional there. */
const FORMAT = protobuf
  .parse(`
  syntax = "proto3";
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message AttributeProto { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message TypeProto { TensorTypeProto tensor_type = 1; }
  message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TensorShapeProto { repeated DimensionProto dim = 1; }
  message DimensionProto { oneof value { int64 dim_value = 1; string dim_param = 2; } }
`)
  .root.lookupType('ModelProto');

const IR_VERSION = 8;
const OPSET_VERSION = 17;
/** TensorProto.DataType and AttributeProto.AttributeType. */
const FLOAT32 = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** Whole numbers are all that the operators here take. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  /** Of its only output, and of itself. */
  readonly output: string;
  readonly attributes: Attributes;
}

export interface OnnxWeights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface OnnxTensor {
  readonly name: string;
  /** A text is the name of a size that may vary. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly input: OnnxTensor;
  readonly output: OnnxTensor;
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly OnnxWeights[];
}

/** The file's bytes. All tensors are FP32; on a little-endian machine, as the format has its numbers so. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  return FORMAT.encode(
    FORMAT.fromObject({
      irVersion: IR_VERSION,
      producerName: 'turntable-bench',
      opsetImport: [{ domain: '', version: OPSET_VERSION }],
      graph: {
        name: graph.name,
        node: graph.nodes.map(({ operator, inputs, output, attributes }) => ({
          ...{ name: output, opType: operator, input: inputs, output: [output] },
          attribute: Object.entries(attributes).map(([name, value]) =>
            typeof value === 'number'
              ? { name, type: ATTRIBUTE_INT, i: value }
              : { name, type: ATTRIBUTE_INTS, ints: value },
          ),
        })),
        initializer: graph.weights.map(({ name, shape, data }) => ({
          ...{ name, dims: shape, dataType: FLOAT32 },
          rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        })),
        input: [valueInfo(graph.input)],
        output: [valueInfo(graph.output)],
      },
    }),
  ).finish();
}

function valueInfo({ name, shape }: OnnxTensor): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: FLOAT32, shape: { dim } } } };
}
