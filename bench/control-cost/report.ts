/** The result of a run as one object: figures, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import {
  type ControlCostSamples,
  connectionSpread,
  cpuParts,
  cpuTotal,
  judgedFigures,
  memoryCalls,
  redisCommands,
} from './figures.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>>;
}

export type ControlCostReport = ReturnType<typeof makeReport>;

export function makeReport(samples: ControlCostSamples, { date, machine, settings }: Circumstances) {
  const { cpu, commands, connections } = samples;
  const judged = judgedFigures(samples);
  return {
    benchmark: 'control-cost' as const,
    date,
    machine,
    settings,
    figures: {
      ...judged,
      gateway_cpu_us: cpuTotal(cpu, 'gateway', 'cpu_us_per_request'),
      gateway_parts_us: cpuParts(cpu, 'gateway'),
      worker_cpu_us: cpuTotal(cpu, 'worker', 'cpu_us_per_request'),
      worker_parts_us: cpuParts(cpu, 'worker'),
      memory_table_calls: memoryCalls(cpu),
      redis_commands: redisCommands(commands, 'commands_per_second'),
      redis_client_calls: redisCommands(commands, 'client_calls_per_second'),
      kb_per_connection: connectionSpread(
        connections,
        'turntable',
        ({ kb_per_connection }) => kb_per_connection,
      ),
    },
    targets: judge((figure) => judged[figure]),
    failed_requests: [...(cpu?.load ?? []), ...(cpu?.calls ?? []), ...(commands ?? [])].reduce(
      (sum, { failed }) => sum + failed,
      0,
    ),
    samples,
  };
}
