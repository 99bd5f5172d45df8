/** The OpenAPI description of what the server says of itself: whether it lives, whether it is ready, what it is. */
import {
  flag,
  json,
  list,
  object,
  operation,
  type Paths,
  ref,
  type Schemas,
  text,
} from './openapi-builders.ts';

const TAG = 'Health';

export const healthPaths: Paths = {
  '/v2': {
    get: operation(TAG, {
      operationId: 'serverMetadata',
      summary: 'Name, version and extensions of the server',
      responses: { 200: json('What the server is.', ref('ServerMetadata')) },
    }),
  },
  '/v2/health/live': {
    get: operation(TAG, {
      operationId: 'serverLive',
      summary: 'Whether the server lives',
      description: 'For liveness probes: whoever answers lives.',
      responses: { 200: json('It lives.', ref('ServerLive')) },
    }),
  },
  '/v2/health/ready': {
    get: operation(TAG, {
      operationId: 'serverReady',
      summary: 'Whether the server takes requests for all its models',
      description:
        'For readiness probes. Ready when every model that is to be served has a worker that takes requests. ' +
        'A model that cannot be loaded at all does not count: it would keep the others from being used.',
      responses: {
        200: json('It is ready.', ref('ServerReady')),
        503: json(
          'A model still loads or has lost all its workers, or the server shuts down.',
          ref('ServerReady'),
        ),
      },
    }),
  },
};

export const healthSchemas: Schemas = {
  ServerMetadata: object('What the server is.', {
    name: text('Always `turntable`.', 'turntable'),
    version: text('Version of Turntable.', '0.1.0'),
    extensions: list(
      'Extensions of the Open Inference Protocol that are served.',
      text('Name of the extension.', 'binary_tensor_data'),
    ),
  }),
  ServerLive: object('Liveness. Two names for the same, since clients differ in which they read.', {
    live: flag('Whether the server lives.'),
    ready: flag('The same as `live`.'),
  }),
  ServerReady: object('Readiness.', {
    ready: flag('Whether requests for every model can be taken.'),
    live: flag('Always true.'),
  }),
};
