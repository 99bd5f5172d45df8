/** Triton's statistics of model versions: what gateways of this process have counted, added up. */
import type { VersionName } from '../table/model-record.ts';
import type { VersionRoute } from './model-route.ts';
import type { BatchTotal, DurationTotal, VersionStatistics } from './version-statistics.ts';

const TOTALS = ['success', 'fail', 'queue', 'computeInput', 'computeInfer', 'computeOutput'] as const;
const BATCH_TOTALS = ['computeInput', 'computeInfer', 'computeOutput'] as const;

/** What one gateway has counted of a version. */
export interface VersionCounts
  extends VersionName,
    Pick<VersionStatistics, 'lastInference' | 'inferences' | 'executions' | (typeof TOTALS)[number]> {
  readonly byBatchRows: ReadonlyMap<number, BatchTotal>;
}

export function countsOf({ id_model, version, statistics }: VersionRoute): VersionCounts {
  const { lastInference, inferences, executions, byBatchRows } = statistics;
  const { success, fail, queue, computeInput, computeInfer, computeOutput } = statistics;
  return {
    ...{ id_model, version, lastInference, inferences, executions, byBatchRows },
    ...{ success, fail, queue, computeInput, computeInfer, computeOutput },
  };
}

/** @param others what other gateways have counted, of these versions and perhaps of more */
export function statisticsDocument(own: readonly VersionCounts[], others: readonly VersionCounts[]): object {
  const byVersion = new Map(own.map((counts) => [nameOf(counts), [counts]]));
  for (const counts of others) byVersion.get(nameOf(counts))?.push(counts);
  return { model_stats: Array.from(byVersion.values(), (all) => versionDocument(added(all))) };
}

function nameOf({ id_model, version }: VersionName): string {
  return `${id_model}/${version}`;
}

/** @param all of one version, at least one */
function added(all: readonly VersionCounts[]): VersionCounts {
  const [first, ...more] = all as [VersionCounts];
  if (more.length === 0) return first;
  const batches = new Map<number, BatchTotal[]>();
  for (const { byBatchRows } of all) {
    for (const [rows, batch] of byBatchRows) batches.set(rows, [...(batches.get(rows) ?? []), batch]);
  }
  return {
    ...first,
    lastInference: Math.max(...all.map(({ lastInference }) => lastInference)),
    inferences: all.reduce((sum, { inferences }) => sum + inferences, 0),
    executions: all.reduce((sum, { executions }) => sum + executions, 0),
    ...totals(all, TOTALS),
    byBatchRows: new Map(Array.from(batches, ([rows, several]) => [rows, totals(several, BATCH_TOTALS)])),
  };
}

function totals<Name extends string>(
  all: readonly Readonly<Record<Name, DurationTotal>>[],
  names: readonly Name[],
): Record<Name, DurationTotal> {
  const sum = (name: Name): DurationTotal => ({
    count: all.reduce((count, one) => count + one[name].count, 0),
    ns: all.reduce((ns, one) => ns + one[name].ns, 0),
  });
  return Object.fromEntries(names.map((name) => [name, sum(name)])) as Record<Name, DurationTotal>;
}

function versionDocument(counts: VersionCounts): object {
  return {
    name: counts.id_model,
    version: counts.version,
    last_inference: counts.lastInference,
    inference_count: counts.inferences,
    execution_count: Math.round(counts.executions),
    inference_stats: {
      success: rounded(counts.success),
      fail: rounded(counts.fail),
      queue: rounded(counts.queue),
      compute_input: rounded(counts.computeInput),
      compute_infer: rounded(counts.computeInfer),
      compute_output: rounded(counts.computeOutput),
    },
    batch_stats: [...counts.byBatchRows]
      .sort(([a], [b]) => a - b)
      .map(([batch_size, batch]) => ({
        batch_size,
        compute_input: rounded(batch.computeInput),
        compute_infer: rounded(batch.computeInfer),
        compute_output: rounded(batch.computeOutput),
      })),
  };
}

function rounded({ count, ns }: DurationTotal): DurationTotal {
  return { count: Math.round(count), ns: Math.round(ns) };
}
