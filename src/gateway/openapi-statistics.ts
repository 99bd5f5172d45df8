/** The OpenAPI schemas of the statistics extension. */
import { list, object, ref, type Schema, type Schemas, text, whole } from './openapi-builders.ts';

/** A duration total, saying what is measured. */
function duration(what: string): Schema {
  return { ...ref('Duration'), description: what };
}

const COMPUTE = {
  compute_input: duration('Decoding the request.'),
  compute_infer: duration('Running the model; each request of a run counts the whole run.'),
  compute_output: duration('Encoding the answer.'),
};

export const statisticsSchemas: Schemas = {
  ModelStatistics: object('What a gateway has counted.', {
    model_stats: list('A version of a model each.', ref('VersionStatistics')),
  }),
  VersionStatistics: object('What was counted of one version of a model.', {
    name: text('Name of the model.', 'fraud'),
    version: text('The version; empty for a model of which no version could be read.', '1'),
    last_inference: whole(
      'When the last request was answered, milliseconds since the epoch; 0 before the first.',
    ),
    inference_count: whole('Rows that were inferred.'),
    execution_count: whole('Runs of the model; fewer than rows where requests were batched.'),
    inference_stats: object('Requests, and where their time went.', {
      success: duration('Requests that were answered, from their head to the answer.'),
      fail: duration('Requests that ended otherwise, those included whose client left.'),
      queue: duration('Waiting in the worker for a run.'),
      ...COMPUTE,
    }),
    batch_stats: list('The same by the size of the run.', ref('BatchStatistics')),
  }),
  BatchStatistics: object('Requests that took part in runs of one size.', {
    batch_size: whole('Rows of the run; the largest stands for all that are larger.', 1),
    ...COMPUTE,
  }),
  Duration: object('A number of requests and the time that they took together.', {
    count: whole('How many.'),
    ns: whole('Nanoseconds in all.'),
  }),
};
