/**
 * CPU per request by part. How much there is comes from /proc while nothing is profiled; how it is shared out comes from
 * profiles in the window after it, so that the parts add up to what the process really takes and the profiler's own
 * cost is in none of them.
 */
import { sayLoad } from '../overhead/progress.ts';
import { type LoadSample, measureLoad } from '../support/measure-load.ts';
import { startTurntable, type TurntableServer } from '../support/turntable-server.ts';
import { runWrk } from '../support/wrk.ts';
import { watchBusy } from './busy-shares.ts';
import { type CostRun, MODEL } from './cost-run.ts';
import { OTHER_THREADS, type Role, V8_THREADS } from './part-of-frame.ts';
import { makeProbes, type Probes, type ThreadId } from './probe-client.ts';
import { type ProfileParts, readProfile } from './profile-parts.ts';
import { measureTableCalls, type TableCallSample } from './table-calls.ts';
import { readThreads, type ThreadTicks, threadsBetween } from './thread-cpu.ts';

const WORKERS = 2;
const ROOT = new URL('../../', import.meta.url).href;
/** So many functions are told of each process. */
const MOST_PLACES = 40;

export interface PartSample {
  readonly role: Role;
  readonly round: number;
  readonly requests: number;
  readonly requests_per_second: number;
  /** Microseconds of all processes of that role, while nothing is profiled: the sum of `parts_us`. */
  readonly cpu_us_per_request: number;
  /** The same while they are. */
  readonly profiled_cpu_us_per_request: number;
  /** Of the first, the part that was spent in the kernel. */
  readonly kernel_us_per_request: number;
  readonly profile_samples: number;
  readonly parts_us: Readonly<Record<string, number>>;
  /** The functions that take most themselves, microseconds per request. */
  readonly places: readonly { readonly place: string; readonly part: string; readonly us: number }[];
}

export interface CpuSamples {
  readonly load: readonly LoadSample[];
  readonly parts: readonly PartSample[];
  readonly calls: readonly TableCallSample[];
}

/** Also counts the calls to the table, for which the server is the same. */
export async function measureCpu(run: CostRun): Promise<CpuSamples> {
  const { bodiesFile, directory, options, say, signal } = run;
  const probes = makeProbes(directory, signal);
  await using server = await startTurntable(
    {
      ...{ models: [MODEL], repository: options.models, replicas: WORKERS, directory },
      preload: probes.preload,
    },
    signal,
  );
  const { connections } = options;
  say('cpu: warming up');
  await runWrk({ url: server.inferUrl, bodiesFile, connections, seconds: options.warmUpSeconds }, signal);
  const load: LoadSample[] = [];
  const parts: PartSample[] = [];
  for (let round = 1; options.parts.has('cpu') && round <= options.rounds; round++) {
    const measured = await measureRound(run, server, probes, round);
    load.push(...measured.load);
    parts.push(...measured.parts);
  }
  const calls = options.parts.has('table') ? await measureTableCalls(run, server, probes) : [];
  return { load, parts, calls };
}

/** What all threads of one process took, and the profiles of those that run JavaScript. */
interface Watched {
  readonly pid: number;
  readonly role: Role;
  readonly jsThreads: readonly ThreadId[];
}

async function measureRound(run: CostRun, server: TurntableServer, probes: Probes, round: number) {
  const { bodiesFile, options, say, signal } = run;
  const wrk = { bodiesFile, connections: options.connections, seconds: options.seconds };
  const measure = () => measureLoad({ system: server, idle: [], round }, wrk, signal);
  const processes: { readonly pid: number; readonly role: Role }[] = [
    { pid: server.gatewayPid, role: 'gateway' },
    ...server.workerPids().map((pid) => ({ pid, role: 'worker' as const })),
  ];
  const before = processes.map(({ pid }) => readThreads(pid));
  const plain = await measure();
  const threads = processes.map(({ pid }, index) => threadsBetween(before[index]!, readThreads(pid)));
  // Only now: a worker may have begun a thread for its runs meanwhile.
  const watched = await Promise.all(
    processes.map(
      async ({ pid, role }): Promise<Watched> => ({
        ...{ pid, role, jsThreads: await probes.ask(pid, 'identify') },
      }),
    ),
  );
  await Promise.all(watched.map(({ pid }) => probes.ask(pid, 'startProfile')));
  const busyShares = watchBusy(watched.flatMap(({ jsThreads }) => jsThreads));
  const profiled = await measure();
  const busy = busyShares();
  const profiles = await Promise.all(watched.map(({ pid }) => probes.ask(pid, 'stopProfile')));
  sayLoad(say, plain, `cpu, round ${round}`);

  const read = watched.map(({ role, jsThreads }, index) => ({
    role,
    threads: threads[index]!,
    js: new Map(
      jsThreads.map(({ tid }, thread) => {
        const profile = profiles[index]![thread]!;
        return [tid, readProfile(profile, busy.get(tid) ?? 0, role, ROOT)] as const;
      }),
    ),
  }));
  const ofRole = (role: Role) => read.filter((one) => one.role === role);
  const cpuOf = ({ gateway_cpu_us_per_request, workers_cpu_us_per_request }: LoadSample, role: Role) =>
    role === 'gateway' ? gateway_cpu_us_per_request : workers_cpu_us_per_request;
  const parts = (['gateway', 'worker'] as const).map((role): PartSample => {
    const cpu_us_per_request = cpuOf(plain, role);
    return {
      ...{ role, round, requests: plain.requests, requests_per_second: plain.requests_per_second },
      cpu_us_per_request,
      profiled_cpu_us_per_request: cpuOf(profiled, role),
      ...shareOut(ofRole(role), cpu_us_per_request),
    };
  });
  return { load: [plain], parts };
}

interface ReadProcess {
  readonly threads: ReadonlyMap<number, ThreadTicks>;
  /** Of the threads that run JavaScript. */
  readonly js: ReadonlyMap<number, ProfileParts>;
}

/** Of each thread as much of the whole as it took, and within it as the samples of its profile say. */
function shareOut(processes: readonly ReadProcess[], cpuUs: number) {
  const all = processes.flatMap(({ threads, js }) =>
    [...threads].map(([tid, ticks]) => ({ ticks, profile: js.get(tid) })),
  );
  const sum = (of: (ticks: ThreadTicks) => number) => all.reduce((total, { ticks }) => total + of(ticks), 0);
  const usPerTick =
    cpuUs /
    Math.max(
      1,
      sum(({ user, system }) => user + system),
    );
  const parts = new Map<string, number>();
  const places = new Map<string, { place: string; part: string; us: number }>();
  const addTo = (part: string, us: number) => parts.set(part, (parts.get(part) ?? 0) + us);
  for (const { ticks, profile } of all) {
    const us = (ticks.user + ticks.system) * usPerTick;
    if (us === 0) continue;
    if (!profile || profile.us === 0) {
      addTo(/V8Worker/.test(ticks.name) ? V8_THREADS : OTHER_THREADS, us);
      continue;
    }
    const scale = us / profile.us;
    for (const [part, profiledUs] of profile.byPart) addTo(part, profiledUs * scale);
    for (const { place, part, us: profiledUs } of profile.places) {
      const key = `${part} ${place}`;
      const before = places.get(key)?.us ?? 0;
      places.set(key, { place, part, us: before + profiledUs * scale });
    }
  }
  return {
    kernel_us_per_request: sum(({ system }) => system) * usPerTick,
    profile_samples: all.reduce((total, { profile }) => total + (profile?.samples ?? 0), 0),
    parts_us: Object.fromEntries(parts),
    places: [...places.values()].toSorted((a, b) => b.us - a.us).slice(0, MOST_PLACES),
  };
}
