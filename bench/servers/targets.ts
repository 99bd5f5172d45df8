/** What Turntable sets out to reach beside each peer. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { PeerRow } from './figures.ts';
import { PEERS, type PeerName } from './peers.ts';

const LEAST_TIMES_PUBLISHED = 50;

/** Null where a peer was not measured. */
export type Figures = Readonly<Record<string, number | null>>;

/** At the load where it is worst; where a system had no p99 in any round, infinite if that was Turntable. */
export function makeFigures(rows: readonly PeerRow[]): Figures {
  const of = (peer: PeerName) => rows.find((row) => row.peer === peer);
  return {
    throughput_ratio_vs_published: of('published')?.throughput_ratio?.median ?? null,
    ...Object.fromEntries(PEERS.map((peer) => [p99Figure(peer), worstRatio(of(peer))])),
  };
}

export function judge(figures: Figures): Verdict[] {
  const targets: Target[] = [
    { figure: 'throughput_ratio_vs_published', comparison: '>=', limit: LEAST_TIMES_PUBLISHED },
    ...PEERS.map((peer): Target => ({ figure: p99Figure(peer), comparison: '<', limit: 1 })),
  ];
  return judgeTargets(targets, (figure) => figures[figure] ?? null);
}

function p99Figure(peer: PeerName): string {
  return `p99_ratio_vs_${peer.replaceAll('-', '_')}`;
}

function worstRatio(row: PeerRow | undefined): number | null {
  if (row === undefined || row.loads.length === 0) return null;
  return Math.max(
    ...row.loads.map(({ p99_ratio, turntable }) => {
      if (turntable.p99_ms === null && turntable.failed > 0) return Number.POSITIVE_INFINITY;
      // Only the peer fails more than one in a hundred: no ratio, and surely behind.
      return p99_ratio?.median ?? 0;
    }),
  );
}
