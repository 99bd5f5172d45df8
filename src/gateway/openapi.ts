/** The OpenAPI document of the gateway's HTTP interface; each topic describes its own paths and schemas. */
import { object, type Schemas, text, whole } from './openapi-builders.ts';
import { healthPaths, healthSchemas } from './openapi-health.ts';
import { inferencePaths, inferenceSchemas } from './openapi-inference.ts';
import { modelPaths, modelSchemas } from './openapi-models.ts';
import { operationsPaths, operationsSchemas } from './openapi-operations.ts';
import { repositoryPaths, repositorySchemas } from './openapi-repository.ts';

const DESCRIPTION = `Serves trained models over the
[Open Inference Protocol v2](https://github.com/kserve/open-inference-protocol), with the extensions for binary tensors,
model repository, model configuration and statistics.

Errors on paths under \`/v2\` are \`{"error": "what is wrong"}\`, as the protocol prescribes; elsewhere they are problem
details (RFC 9457). Beside the answers listed with each operation:

| status | when |
| --- | --- |
| 404 | there is nothing at the path |
| 405 | the path is served with other methods, which \`Allow\` names |
| 400, 408, 431 with \`{"error"}\` | the request is not HTTP, its head comes too slowly, its head is too long |

Whatever answers \`GET\` answers \`HEAD\`. A slash at the end of a path changes nothing. There is no authentication: who
reaches the port may do everything.`;

const TAGS = [
  { name: 'Inference', description: 'Have a model answer.' },
  { name: 'Models', description: 'What the models are and how they are.' },
  { name: 'Repository', description: 'Load and unload models.' },
  { name: 'Health', description: 'Whether the server lives and is ready.' },
  { name: 'Operations', description: 'For those who run the server.' },
];

const errorSchemas: Schemas = {
  Error: object('An error of the Open Inference Protocol.', { error: text('What is wrong, for people.') }),
  Problem: object('A problem according to RFC 9457.', {
    type: text('Always `about:blank`: the status says it all.', 'about:blank'),
    title: text('Name of the status.', 'Not Found'),
    status: whole('The HTTP status.', 400),
    detail: text('What is wrong, for people.'),
  }),
};

/** @param version of Turntable */
export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Turntable',
      summary: 'Model serving over one process control table.',
      description: DESCRIPTION,
      version,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    tags: TAGS,
    paths: { ...inferencePaths, ...modelPaths, ...repositoryPaths, ...healthPaths, ...operationsPaths },
    components: {
      schemas: {
        ...inferenceSchemas,
        ...modelSchemas,
        ...repositorySchemas,
        ...healthSchemas,
        ...operationsSchemas,
        ...errorSchemas,
      },
    },
  };
}
