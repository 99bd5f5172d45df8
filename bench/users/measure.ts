/** Runs: every system with every number of users, round by round, in rotated order. */
import { assertSameAnswers } from '../overhead/agreement.ts';
import { isDisturbed, type LoadSample, measureLoad } from '../support/measure-load.ts';
import { rotated } from '../support/statistics.ts';
import { runWrk } from '../support/wrk.ts';
import { SERIES, type Series } from './bodies.ts';
import { COMPARED_USERS } from './options.ts';
import { type SystemName, startSystems } from './systems.ts';
import type { UsersRun } from './users-run.ts';

export interface UsersSample extends LoadSample {
  readonly system: SystemName;
  readonly series: Series;
  readonly users: number;
}

export async function measureAll(run: UsersRun): Promise<UsersSample[]> {
  const { options, bodies, bodiesFiles, say, signal } = run;
  say(`starting ${[...options.systems].join(', ')}`);
  await using systems = await startSystems(run);
  for (const series of SERIES) {
    await assertSameAnswers(systems.all, { bodies: bodies[series].bodies, signal });
  }
  say('warming up');
  for (const { inferUrl: url } of systems.all) {
    const load = { connections: COMPARED_USERS, seconds: options.warmUpSeconds };
    await runWrk({ ...load, url, bodiesFile: bodiesFiles.mixed }, signal);
  }

  const samples: UsersSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const series of SERIES) {
      for (const [turn, users] of options.users[series].entries()) {
        const seconds = users < COMPARED_USERS ? Math.ceil(options.seconds / 2) : options.seconds;
        const load = { bodiesFile: bodiesFiles[series], connections: users, seconds };
        const ofAll: UsersSample[] = [];
        for (const system of rotated(systems.all, round - 1 + turn)) {
          const { name, idle } = system;
          ofAll.push({
            ...(await measureLoad({ system, idle, round }, load, signal)),
            system: name,
            series,
            users,
          });
        }
        say(`round ${round}/${options.rounds}, ${series}, ${users} users: ${ofAll.map(describe).join('; ')}`);
        samples.push(...ofAll);
      }
    }
  }
  return samples;
}

function describe(sample: UsersSample): string {
  const { system, requests_per_second, p99_us, failed } = sample;
  const notes = [...(failed > 0 ? [`${failed} FAILED`] : []), ...(isDisturbed(sample) ? ['disturbed'] : [])];
  const note = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  return `${system} ${Math.round(requests_per_second)}/s p99 ${(p99_us / 1_000).toFixed(1)} ms${note}`;
}
