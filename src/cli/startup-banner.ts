/** What `turntable serve` tells the person who started it: what is served, and a request to try. */
import { elementCount } from '../oip/tensor.ts';
import type { ControlTable } from '../table/control-table.ts';
import { isSameVersion, type ModelRecord } from '../table/model-record.ts';
import { until } from '../table/until.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { sampleRequest } from './sample-request.ts';

/** Waits until every model is ready or given up, then prints what there is. */
export async function announceModels(table: ControlTable, url: string, repository: string): Promise<void> {
  await settled(table);
  const { models, workers } = table.view();
  const lines = [`Turntable serves ${repository} at ${url}`, ''];
  for (const model of [...models].sort((a, b) => a.id_model.localeCompare(b.id_model))) {
    lines.push(`  ${describe(model, activeWorkers(workers, model))}`);
  }
  if (models.length === 0)
    lines.push('  no models: put <model>/<version>/model.onnx there and load it or restart');
  const sample = [...models]
    .filter((model) => model.state === 'READY')
    .sort((a, b) => sampleElements(a) - sampleElements(b))[0];
  if (sample?.signature) {
    const body = JSON.stringify(sampleRequest(sample.signature));
    lines.push(
      '',
      'Try it:',
      '',
      `  curl -s ${url}/v2/models/${sample.id_model}/infer -H 'content-type: application/json' -d '${body}'`,
    );
  }
  lines.push('', `Workers: ${url}/workers   Metrics: ${url}/metrics   API: ${url}/docs`, '');
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describe(model: ModelRecord, active: number): string {
  const name = model.version === '' ? model.id_model : `${model.id_model} version ${model.version}`;
  if (model.state !== 'READY') return `${name}: ${model.state}: ${model.reason}`;
  const inputs = model.signature?.inputs
    .map((spec) => `${spec.name} ${spec.datatype}[${spec.shape}]`)
    .join(', ');
  const batch = model.max_batch_size > 0 ? `batches of ${model.max_batch_size}` : 'one request at a time';
  return `${name}: ${active} ${active === 1 ? 'worker' : 'workers'}, ${batch}, takes ${inputs}`;
}

/** How long the sample would be: the shortest is the one to show. */
function sampleElements({ signature }: ModelRecord): number {
  let elements = 0;
  for (const { shape } of signature?.inputs ?? []) elements += Math.abs(elementCount(shape));
  return elements;
}

function settled(table: ControlTable): Promise<boolean> {
  const done = () => {
    const { models, workers } = table.view();
    return models.every(
      (model) =>
        model.state === 'UNAVAILABLE' ||
        (model.state === 'READY' && activeWorkers(workers, model) >= model.replicas),
    );
  };
  return until(table, done);
}

function activeWorkers(workers: readonly WorkerRow[], model: ModelRecord): number {
  return workers.filter((row) => row.status === 'ACTIVE' && isSameVersion(row, model)).length;
}
