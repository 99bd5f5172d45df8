/** The command line of the long run. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { positive } from '../support/option-values.ts';

/** By chance, or as requests came to a real service: the Azure LLM inference traces. */
const ARRIVALS = ['poisson', 'code', 'conv'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** How long, and what it is cut into. */
export interface Extent {
  /** A "minute": the unit in which all is told. */
  readonly sliceSeconds: number;
  readonly slices: number;
  readonly capacitySeconds: number;
  /** In which a worker is killed; at the same second of each. */
  readonly killIn: (slice: number) => boolean;
  /** After a killed worker is replaced, until a request counts as undisturbed. */
  readonly calmMs: number;
}

const KILLS_OF_A_QUICK_RUN = [1, 3];
const QUICK: Extent = {
  ...{ sliceSeconds: 2, slices: 5, capacitySeconds: 1, calmMs: 200 },
  killIn: (slice) => KILLS_OF_A_QUICK_RUN.includes(slice),
};

function full(minutes: number): Extent {
  return { sliceSeconds: 60, slices: minutes, capacitySeconds: 8, calmMs: 3_000, killIn: () => true };
}

export interface LongRunOptions extends Extent {
  readonly quick: boolean;
  /** Part of the capacity. */
  readonly load: number;
  readonly workers: number;
  readonly arrivals: Arrivals;
  /** Null where there are none and none were asked for. */
  readonly traces: string | null;
  readonly seed: number;
  readonly models: string;
  readonly json: boolean;
  readonly save: string | null;
}

const TRACES_NEARBY = resolve(import.meta.dirname, '../../../shared/data/azure-llm-2023');
/** The first is the warm-up, the next two are the start, the last two the end. */
const LEAST_MINUTES = 5;

export const HELP = `usage: npm run bench:long-run -- [options]

Serves the fraud model out of the box with 4 workers for 15 minutes, with requests that come at 70 % of what it carries,
and kills a worker (kill -9) in each minute, which the supervisor replaces. What it carries is measured first, in a
closed loop of the same load generator. Told for each minute: requests, failures, p50 and p99 from the intended time,
the same without the seconds after a kill, memory of the gateway and of all, its heap, its open files.
Failed requests are to be 0, memory and latency at the end (last two minutes) within 5 % of the start (minutes 2 and 3),
and nothing is to be left afterwards: no request counted to be under way, none waiting, no bytes held.

options:
  --quick          five "minutes" of 2 seconds with two kills, about 20 seconds: shows that it works, and no more
  --minutes N      at least ${LEAST_MINUTES} (default 15)
  --load PERCENT   of what it carries (default 70)
  --workers N      (default 4)
  --arrivals KIND  poisson, or code or conv: as in that trace, compressed in time (default poisson)
  --traces DIR     where the traces are (default: shared/data/azure-llm-2023 beside the project)
  --seed N         of the arrivals, and of which worker is killed (default 1)
  --models DIR     model repository with fraud (default examples/models)
  --json           print one JSON object on stdout instead of the report
  --save FILE      also write that object to a file, such as bench/results/<date>-<commit>/long-run.json
  --help           this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): LongRunOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '15' },
      load: { type: 'string', default: '70' },
      workers: { type: 'string', default: '4' },
      arrivals: { type: 'string', default: 'poisson' },
      traces: { type: 'string' },
      seed: { type: 'string', default: '1' },
      models: { type: 'string', default: resolve(import.meta.dirname, '../../examples/models') },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const arrivals = ARRIVALS.find((kind) => kind === values.arrivals);
  if (arrivals === undefined)
    throw new RangeError(`--arrivals knows ${ARRIVALS.join(', ')}; not "${values.arrivals}"`);
  const minutes = positive('minutes', values.minutes);
  if (minutes < LEAST_MINUTES) throw new RangeError(`--minutes must be at least ${LEAST_MINUTES}`);
  return {
    ...(values.quick ? QUICK : full(minutes)),
    quick: values.quick,
    load: positive('load', values.load) / 100,
    workers: positive('workers', values.workers),
    arrivals,
    traces: findTraces(values.traces),
    seed: positive('seed', values.seed),
    models: resolve(values.models),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}

function findTraces(named: string | undefined): string | null {
  if (named !== undefined) return resolve(named);
  return existsSync(TRACES_NEARBY) ? TRACES_NEARBY : null;
}
