/** docs/metrics.md says of every metric of a running server what it is, and speaks of no other. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

interface MetricFacts {
  readonly type: string;
  /** In alphabetical order. */
  readonly labels: readonly string[];
}
type Facts = Readonly<Record<string, MetricFacts>>;

interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Labels that the format adds to a histogram. */
const OF_THE_FORMAT = ['le'];
const SAMPLE = /^(\w+)(?:\{(.*)\})? \S+$/;

describe('docs/metrics.md', () => {
  let server: TestServer;
  let text: string;
  let samples: readonly Sample[];
  let exposed: Facts;

  beforeAll(async () => {
    server = await startServer({ flags: ['--replicas', '1'] });
    // A label is only seen once something was counted under it.
    const infer = (model: string, body: string) =>
      fetch(`${server.url}/v2/models/${model}/infer`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
    await infer('fraud', await readFile('examples/requests/fraud.json', 'utf8'));
    await infer('fraud', '{}');
    await infer('absent', '{}');
    const exposition = await (await fetch(`${server.url}/metrics`)).text();
    samples = exposition.split('\n').flatMap(readSample);
    exposed = readExposition(exposition, samples);
    text = await readFile('docs/metrics.md', 'utf8');
  });

  afterAll(() => server?.close());

  it('lists every metric of ours with its type and labels, and no other', () => {
    expect(Object.keys(exposed).length).toBeGreaterThan(5);
    expect(readDocument(text)).toEqual(exposed);
  });

  it('speaks of metrics that exist alone, in its queries too', () => {
    const known = new Set(samples.map(({ metric }) => metric));
    const named = text.match(/\b(turntable|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g) ?? [];
    const unknown = named.filter((name) => !known.has(name) && !(name in exposed));
    expect(unknown).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });

  it('says what to do about each', () => {
    for (const section of text.split(/^## (?=`)/m).slice(1)) {
      expect(section).toMatch(/\*\*When /);
    }
  });

  it('says how many series there are for each version of a model', () => {
    const said = /(\d+) for each version of a model/.exec(text)?.[1];
    const counted = samples.filter(
      ({ metric, labels }) => labels.model === 'fraud' && metric !== 'turntable_requests_total',
    );
    expect(counted).toHaveLength(Number(said));
  });

  it('puts no name that a client made up into a label', () => {
    const models = new Set(samples.map(({ labels }) => labels.model));
    expect([...models].filter((model) => model !== undefined).toSorted()).toEqual(['', 'digits', 'fraud']);
  });

  it('speaks of default metrics that are there', () => {
    for (const prefix of ['process_', 'nodejs_']) {
      expect(samples.some(({ metric }) => metric.startsWith(prefix))).toBe(true);
    }
  });
});

function readSample(line: string): Sample[] {
  const [, metric, labels = ''] = SAMPLE.exec(line) ?? [];
  if (metric === undefined) return [];
  const pairs = Array.from(labels.matchAll(/(\w+)="([^"]*)"/g), ([, name, value]) => [name, value]);
  return [{ metric, labels: Object.fromEntries(pairs) }];
}

/** What the exposition says of our metrics: types in its comments, labels in its samples. */
function readExposition(exposition: string, samples: readonly Sample[]): Facts {
  const types = Array.from(exposition.matchAll(/^# TYPE (turntable_\w+) (\w+)$/gm));
  return Object.fromEntries(
    types.map(([, name = '', type = '']) => {
      const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name];
      const own = samples.filter(({ metric }) => names.includes(metric));
      const labels = new Set(own.flatMap((sample) => Object.keys(sample.labels)));
      for (const added of OF_THE_FORMAT) labels.delete(added);
      return [name, { type, labels: [...labels].toSorted() }];
    }),
  );
}

/** What the document says: a heading with the name, and under it a table with one row. */
function readDocument(text: string): Facts {
  const sections = text.matchAll(
    /^## `(\w+)`\n\n\| Type \| Unit \| Labels \|\n.*\n\|([^|]*)\|[^|]*\|([^|]*)\|$/gm,
  );
  return Object.fromEntries(
    Array.from(sections, ([, name = '', type = '', labels = '']) => [
      name,
      {
        type: type.trim(),
        labels: Array.from(labels.matchAll(/`(\w+)`/g), ([, label = '']) => label).toSorted(),
      },
    ]),
  );
}
