/** The OpenAPI description of the model repository: what it holds, loading and unloading. */
import {
  BODY_TIMEOUT,
  flag,
  json,
  jsonContent,
  list,
  object,
  oipError,
  oipUnavailable,
  oneOf,
  onModel,
  operation,
  type Paths,
  ref,
  type Schemas,
  text,
} from './openapi-builders.ts';

const TAG = 'Repository';

const TOO_LARGE = oipError(
  'The body has more than 65536 bytes.',
  'the body has 70000 bytes; the limit here is 65536',
);

function failure(action: string): object {
  return oipError(
    'The command could not be carried out, such as when the repository cannot be read.',
    `failed to ${action} "fraud": model repository models does not exist`,
  );
}

/** What stands between the gateway and whoever carries the command out. */
const NO_CONTROLLER = {
  503: oipUnavailable(
    'No controller acts, or it cannot read the repository.',
    'failed to load "fraud": the model repository cannot be read',
  ),
  504: oipError(
    'The controller did not answer in time; it may still carry the command out.',
    'failed to load "fraud": the controller did not answer in time',
  ),
};

export const repositoryPaths: Paths = {
  '/v2/repository/index': {
    post: operation(TAG, {
      operationId: 'repositoryIndex',
      summary: 'All models and versions, and how they are',
      requestBody: {
        required: false,
        content: jsonContent(ref('RepositoryIndexRequest'), {
          all: { summary: 'All', value: {} },
          ready: { summary: 'Only those that take requests', value: { ready: true } },
        }),
      },
      responses: {
        200: json('Models by name, their versions in ascending order.', ref('RepositoryIndex')),
        400: oipError('The body is not JSON, or not what it is to be.', '"ready" is to be true or false'),
        408: BODY_TIMEOUT,
        413: TOO_LARGE,
      },
    }),
  },
  '/v2/repository/models/{model}/load': {
    post: onModel(TAG, {
      operationId: 'loadModel',
      summary: 'Load a model, or load it anew',
      description:
        'Reads the directory of the model and serves what its version policy names. Answers when the workers are ready. ' +
        'Workers of changed files are replaced: the old ones serve until the new ones are ready. ' +
        'Loading what is served already from the same files changes nothing.',
      requestBody: {
        required: false,
        content: jsonContent(ref('RepositoryCommand'), { plain: { summary: 'No parameters', value: {} } }),
      },
      responses: {
        200: json('The model takes requests.', ref('Done')),
        400: oipError(
          'The body is not JSON, or the model cannot be loaded: it is not there, its files are not right, or its workers were not ready within five minutes.',
          'failed to load "frod": frod: does not exist',
        ),
        408: BODY_TIMEOUT,
        413: TOO_LARGE,
        500: failure('load'),
        501: oipError(
          'A configuration or files were sent along, which is not supported.',
          'parameter "config" is not supported: models are loaded as they lie in the repository',
        ),
        ...NO_CONTROLLER,
      },
    }),
  },
  '/v2/repository/models/{model}/unload': {
    post: onModel(TAG, {
      operationId: 'unloadModel',
      summary: 'Stop serving a model',
      description:
        'New requests are refused with 503, those under way are finished, then the workers end. Answers when they have ended.',
      requestBody: {
        required: false,
        content: jsonContent(ref('RepositoryCommand'), { plain: { summary: 'No parameters', value: {} } }),
      },
      responses: {
        200: json('The model is served no more.', ref('Done')),
        400: oipError(
          'The body is not JSON, there is no such model, or its workers did not end within five minutes.',
          'failed to unload "frod": unknown model "frod"',
        ),
        408: BODY_TIMEOUT,
        413: TOO_LARGE,
        500: failure('unload'),
        ...NO_CONTROLLER,
      },
    }),
  },
};

export const repositorySchemas: Schemas = {
  RepositoryIndexRequest: object(
    'What to list.',
    { ready: flag('Only what takes requests; default false.') },
    ['ready'],
  ),
  RepositoryIndex: list('All versions of all models.', ref('RepositoryEntry')),
  RepositoryEntry: object('A version of a model.', {
    name: text('Name of the model.', 'fraud'),
    version: text('The version; empty for a model of which no version could be read.', '1'),
    state: oneOf(
      'LOADING: workers are starting. READY: takes requests. UNLOADING: finishes what is under way. ' +
        'UNAVAILABLE: is not served, `reason` says why.',
      ['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'],
    ),
    reason: text('Why it is unavailable, for people; else empty.', '', 'unloaded'),
  }),
  RepositoryCommand: object(
    'What goes with a command.',
    {
      parameters: {
        type: 'object',
        description:
          'Parameters. `config` and `file:…`, which would change the model, are refused; others are ignored.',
      },
    },
    ['parameters'],
  ),
  Done: object('Nothing more to say.', {}),
};
