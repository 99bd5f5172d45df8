/** The OpenAPI description of what models are: metadata, readiness, configuration, statistics. */
import {
  DEFAULT_VERSION_RULE,
  flag,
  json,
  list,
  object,
  oipUnavailable,
  onModelAndVersion,
  operation,
  type Paths,
  ref,
  type Schemas,
  text,
  UNKNOWN_MODEL,
} from './openapi-builders.ts';
import { configurationSchemas } from './openapi-configuration.ts';
import { statisticsSchemas } from './openapi-statistics.ts';

const TAG = 'Models';

const NOT_LOADED = oipUnavailable(
  'No worker has loaded the model yet, or it cannot be loaded, so that its inputs and outputs are not known.',
  '"fraud" is LOADING',
);

const COUNTED_HERE =
  'Counted by this gateway since it first knew the version. Durations are totals in nanoseconds, as the statistics extension has them.';

export const modelPaths: Paths = {
  '/v2/models': {
    get: operation(TAG, {
      operationId: 'listModels',
      summary: 'Names of all models',
      responses: { 200: json('The models, also those that are not ready.', ref('ModelList')) },
    }),
  },
  '/v2/models/stats': {
    get: operation(TAG, {
      operationId: 'allStatistics',
      summary: 'What was counted of all models',
      description: COUNTED_HERE,
      responses: { 200: json('Statistics of every version of every model.', ref('ModelStatistics')) },
    }),
  },
  ...onModelAndVersion(TAG, 'get', '', {
    operationId: 'modelMetadata',
    summary: 'Inputs and outputs of a model',
    description: DEFAULT_VERSION_RULE,
    responses: {
      200: json('What the model takes and gives.', ref('ModelMetadata')),
      404: UNKNOWN_MODEL,
      503: NOT_LOADED,
    },
  }),
  ...onModelAndVersion(TAG, 'get', '/ready', {
    operationId: 'modelReady',
    summary: 'Whether a model takes requests',
    description: DEFAULT_VERSION_RULE,
    responses: {
      200: json('A worker takes requests for it.', ref('ModelReady')),
      404: UNKNOWN_MODEL,
      503: json('No worker takes requests for it.', ref('ModelReady')),
    },
  }),
  ...onModelAndVersion(TAG, 'get', '/config', {
    operationId: 'modelConfig',
    summary: 'Configuration of a model',
    description: `As it is in effect, whether it was written down or derived from the model. ${DEFAULT_VERSION_RULE}`,
    responses: {
      200: json('The configuration.', ref('ModelConfig')),
      404: UNKNOWN_MODEL,
      503: NOT_LOADED,
    },
  }),
  ...onModelAndVersion(TAG, 'get', '/stats', {
    operationId: 'modelStatistics',
    summary: 'What was counted of a model',
    description: `${COUNTED_HERE} Without a version: of all versions of the model.`,
    responses: { 200: json('Statistics of each version.', ref('ModelStatistics')), 404: UNKNOWN_MODEL },
  }),
};

export const modelSchemas: Schemas = {
  ModelList: object('All models.', {
    models: list('Their names, in alphabetical order.', text('Name of a model.', 'fraud')),
  }),
  ModelMetadata: object('What a model takes and gives.', {
    name: text('Name of the model.', 'fraud'),
    versions: list('The versions that take requests now.', text('A version.', '1')),
    platform: text('Format and runtime of the model.', 'onnxruntime_onnx'),
    inputs: list('Inputs, all of them required.', ref('TensorMetadata')),
    outputs: list('Outputs.', ref('TensorMetadata')),
  }),
  TensorMetadata: object('One input or output of a model.', {
    name: text('Name of the tensor.', 'input'),
    datatype: ref('Datatype'),
    shape: list('Its dimensions, the batch dimension first where there is one.', {
      type: 'integer',
      minimum: -1,
      description: 'Elements along the dimension; -1 takes any number.',
    }),
  }),
  ModelReady: object('Readiness of a model.', {
    name: text('Name of the model.', 'fraud'),
    ready: flag('Whether a worker takes requests for it.'),
  }),
  ...configurationSchemas,
  ...statisticsSchemas,
};
