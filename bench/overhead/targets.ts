/** What Turntable sets out to reach against the setup that people use today. */
import type { Figures } from './figures.ts';

interface Target {
  readonly figure: keyof Figures;
  readonly comparison: '<=' | '>=' | '<';
  readonly limit: number;
}

const TARGETS: readonly Target[] = [
  { figure: 'cpu_ratio_vs_nginx', comparison: '<=', limit: 0.45 },
  { figure: 'throughput_ratio_vs_nginx', comparison: '>=', limit: 1.8 },
  { figure: 'p99_ratio_vs_nginx', comparison: '<=', limit: 0.5 },
  { figure: 'added_p50_us', comparison: '<', limit: 80 },
  { figure: 'pick_worker_us', comparison: '<', limit: 10 },
  { figure: 'gateway_idle_memory_mb', comparison: '<', limit: 120 },
  { figure: 'neighbour_p99_ratio', comparison: '<=', limit: 2 },
];

export interface Verdict extends Target {
  readonly value: number | null;
  readonly verdict: 'reached' | 'missed' | 'not measured';
}

/** The median decides. */
export function judge(figures: Figures): Verdict[] {
  return TARGETS.map((target) => {
    const value = figures[target.figure]?.median ?? null;
    if (value === null) return { ...target, value, verdict: 'not measured' };
    return { ...target, value, verdict: isReached(target, value) ? 'reached' : 'missed' };
  });
}

function isReached({ comparison, limit }: Target, value: number): boolean {
  switch (comparison) {
    case '<=':
      return value <= limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
  }
}
