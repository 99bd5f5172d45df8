/** The OpenAPI description of inference, in JSON and in the binary extension. */
import { DATATYPES } from '../oip/tensor.ts';
import {
  BODY_TIMEOUT,
  DEFAULT_VERSION_RULE,
  flag,
  jsonContent,
  list,
  object,
  oipError,
  oipUnavailable,
  oneOf,
  onModelAndVersion,
  type Paths,
  ref,
  type Schema,
  type Schemas,
  text,
  UNKNOWN_MODEL,
  whole,
} from './openapi-builders.ts';
import { INFER_REQUESTS, INFER_RESPONSES } from './openapi-examples.ts';

const TAG = 'Inference';

const BINARY = 'application/octet-stream';

const DESCRIPTION = `${DEFAULT_VERSION_RULE}

A request is sent to a worker with a free slot, or waits for one. If the worker is lost before it has answered, the request
is sent to another, and so is one that a worker fails and another may answer; unless the model says that its requests must not
be run twice (\`idempotent\`).

When there is more to do than workers can do, what would not be answered within its time is refused at once with 503 and
\`Retry-After\`, the less important requests first. What was taken and runs out of time is answered with 504 and not run any more.

**Binary tensors** (extension \`binary_tensor_data\`): the body is JSON, then the bytes of those inputs that have
\`parameters.binary_data_size\` in place of \`data\`, in their order: little-endian, without padding, BOOL one byte an
element, BYTES each element as its length in four bytes and then its bytes. \`Inference-Header-Content-Length\` is the
length of the JSON. Length 0 says that the body is the one input of the model and nothing else; its shape follows from its
length, for a batch of 1, and all outputs come in binary:

\`\`\`sh
head -c 120 /dev/zero | curl -s http://127.0.0.1:8080/v2/models/fraud/infer --data-binary @- \\
  -H 'content-type: application/octet-stream' -H 'inference-header-content-length: 0' --output answer.bin
\`\`\`

An answer with binary outputs, which a request in JSON can ask for too, is built the same way.

Whole numbers beyond 2^53 are read and written exactly. JSON cannot write NaN and infinities: ask for such outputs in binary.`;

const REQUEST_PARAMETERS = [
  {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Names the request in the answer and in the logs: up to 128 visible ASCII characters without quotes and backslash. ' +
      'Absent, or anything else: the gateway makes one up.',
    schema: { type: 'string' },
  },
  {
    name: 'X-Request-Timeout-Ms',
    in: 'header',
    description:
      'How long the client waits for the answer, in milliseconds, from when the head of the request has come. ' +
      'Absent: `--request-timeout-ms`; at most `--max-request-timeout-ms`. ' +
      "Triton's `timeout` among the parameters of the request is honoured as well, in microseconds, by the worker.",
    schema: { type: 'integer', minimum: 1, maximum: 86_400_000 },
  },
  {
    name: 'X-Request-Priority',
    in: 'header',
    description:
      'How important the request is: 0 most, 7 least. Under overload the less important ones wait longer and are refused first.',
    schema: { type: 'integer', minimum: 0, maximum: 7, default: 3 },
  },
  {
    name: 'Inference-Header-Content-Length',
    in: 'header',
    description: 'Bytes of JSON at the beginning of the body. Absent: all of the body is JSON.',
    schema: { type: 'integer', minimum: 0 },
  },
];

const REQUEST_ID = {
  'X-Request-Id': {
    description: 'The id of the request: as sent, or made up.',
    required: true,
    schema: { type: 'string' },
  },
};

const JSON_LENGTH = {
  'Inference-Header-Content-Length': {
    description: 'Bytes of JSON at the beginning of the body, when outputs follow in binary.',
    schema: { type: 'integer', minimum: 0 },
  },
};

/** Adds the header that names the request to an answer. */
function named(response: object): object {
  return { ...response, headers: { ...(response as { headers?: object }).headers, ...REQUEST_ID } };
}

const ANSWER = {
  description: 'The outputs: JSON, or JSON and binary where some were asked for in binary.',
  headers: JSON_LENGTH,
  content: { ...jsonContent(ref('InferResponse'), INFER_RESPONSES), [BINARY]: {} },
};

export const inferencePaths: Paths = onModelAndVersion(TAG, 'post', '/infer', {
  operationId: 'modelInfer',
  summary: 'Have a model answer',
  description: DESCRIPTION,
  parameters: REQUEST_PARAMETERS,
  requestBody: {
    required: true,
    content: { ...jsonContent(ref('InferRequest'), INFER_REQUESTS), [BINARY]: {} },
  },
  responses: {
    200: named(ANSWER),
    400: named(
      oipError(
        'The request is wrong; the message says what and where. It fails again if it is sent again.',
        'input "input": expected datatype FP32, got INT64',
      ),
    ),
    404: named(UNKNOWN_MODEL),
    408: named(BODY_TIMEOUT),
    413: named(
      oipError(
        'The body is longer than the server takes; the connection is closed.',
        'the body has 70000000 bytes; the limit is 67108864',
      ),
    ),
    415: named(
      oipError(
        'The body is neither of the two content types, in another character set than UTF-8, or compressed.',
        'content-type "text/plain" is not served; send application/json or application/octet-stream',
      ),
    ),
    500: named(
      oipError(
        'The model failed on this input, or its answer holds what JSON cannot write.',
        'output "probabilities" contains NaN, which JSON cannot represent; request it as binary data (parameters.binary_data: true)',
      ),
    ),
    502: named(
      oipError(
        'Three workers were lost while they had this request, which may be what they were lost to; or one was, and it must not be sent again.',
        '3 workers were lost while they had this request',
      ),
    ),
    503: named(
      oipUnavailable(
        'The model is not served now, no worker will be free in time, or too much is under way.',
        'too many requests wait for this model; try again soon',
      ),
    ),
    504: named(
      oipError('There was no answer in time, or none could be expected.', 'not answered within 60000 ms'),
    ),
  },
});

const PARAMETERS: Schema = {
  type: 'object',
  description:
    'Those that are not known are ignored, save `classification` and `shared_memory_region`, which are refused.',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
};

function parameters(properties: Schemas): Schema {
  return { ...PARAMETERS, properties };
}

const BINARY_SIZE = { binary_data_size: whole('Bytes of this tensor behind the JSON.') };

export const inferenceSchemas: Schemas = {
  Datatype: oneOf('Type of the elements. BYTES is text in UTF-8; FP16 is a number in JSON.', DATATYPES),
  InferRequest: object(
    'Inputs for a model.',
    {
      id: text('Any text; the answer repeats it.', 'transaction-1'),
      parameters: parameters({
        binary_data_output: flag(
          'Whether outputs that say nothing themselves come in binary; default false.',
        ),
        timeout: whole(
          'Microseconds from the arrival at the worker in which the answer is of use; 0: without end.',
        ),
      }),
      inputs: { ...list('All inputs of the model, in any order.', ref('InputTensor')), minItems: 1 },
      outputs: list('The outputs that are wanted. Absent or empty: all.', ref('RequestedOutput')),
    },
    ['id', 'parameters', 'outputs'],
  ),
  InputTensor: object(
    'One input: with `data`, or with `parameters.binary_data_size` in its place.',
    {
      name: text('As in the metadata of the model.', 'input'),
      shape: list(
        'Dimensions, the batch dimension first where the model has one: inputs are batched by it, and it is the same in all.',
        whole('Elements along the dimension.', 1),
      ),
      datatype: ref('Datatype'),
      parameters: parameters(BINARY_SIZE),
      data: ref('TensorData'),
    },
    ['parameters', 'data'],
  ),
  TensorData: list('Elements in row-major order, flat or nested as the shape says.', {
    anyOf: [{ type: ['number', 'string', 'boolean'] }, ref('TensorData')],
  }),
  RequestedOutput: object(
    'An output that is wanted.',
    {
      name: text('As in the metadata of the model.', 'label'),
      parameters: parameters({ binary_data: flag('Whether it comes in binary.') }),
    },
    ['parameters'],
  ),
  InferResponse: object(
    'Outputs of a model.',
    {
      model_name: text('The model that answered.', 'fraud'),
      model_version: text('The version that answered.', '1'),
      id: text('The `id` of the request, where it had one.', 'transaction-1'),
      outputs: list('In the order of the request, else of the metadata.', ref('OutputTensor')),
    },
    ['id'],
  ),
  OutputTensor: object(
    'One output: with `data`, or with `parameters.binary_data_size` in its place.',
    {
      name: text('As in the metadata of the model.', 'label'),
      datatype: ref('Datatype'),
      shape: list('Dimensions.', whole('Elements along the dimension.')),
      parameters: object('How it comes.', BINARY_SIZE),
      data: list('Elements in row-major order, flat.', { type: ['number', 'string', 'boolean'] }),
    },
    ['parameters', 'data'],
  ),
};
