/** Arrivals and sizes of requests as they came to a real service: the Azure LLM inference traces of 2023. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const TRACES = ['code', 'conv'] as const;
export type TraceName = (typeof TRACES)[number];

/** As they came; times from the first request on. */
export interface Trace {
  readonly arrivalsMs: readonly number[];
  readonly generatedTokens: readonly number[];
  /** To the last arrival and its share of a gap. */
  readonly spanMs: number;
}

/** Null where they are not there. */
export function readTraces(directory: string): Readonly<Record<TraceName, Trace>> | null {
  const fileOf = (name: TraceName) => join(directory, `AzureLLMInferenceTrace_${name}.csv`);
  if (!TRACES.every((name) => existsSync(fileOf(name)))) return null;
  return {
    code: parseTrace(readFileSync(fileOf('code'), 'utf8')),
    conv: parseTrace(readFileSync(fileOf('conv'), 'utf8')),
  };
}

/** @param text lines of TIMESTAMP,ContextTokens,GeneratedTokens, with times such as 2023-11-16 18:17:03.9799600 */
function parseTrace(text: string): Trace {
  const rows = text.trimEnd().split(/\r?\n/).slice(1);
  const times: number[] = [];
  const generatedTokens: number[] = [];
  for (const line of rows) {
    const [timestamp = '', , generated] = line.split(',');
    const atMs = Date.parse(`${timestamp.slice(0, 23).replace(' ', 'T')}Z`);
    if (!Number.isFinite(atMs) || !(Number(generated) >= 0))
      throw new Error(`not a row of a trace: "${line}"`);
    times.push(atMs);
    generatedTokens.push(Number(generated));
  }
  const first = times[0] ?? 0;
  const arrivalsMs = times.map((atMs) => atMs - first);
  const last = arrivalsMs.at(-1) ?? 0;
  return { arrivalsMs, generatedTokens, spanMs: last + last / Math.max(1, rows.length - 1) };
}
