/** What the default policy sets out to reach against each peer. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import { greatest, type Row } from './figures.ts';
import { ENVOY, HAPROXY, NGINX, TRAEFIK_LEASTTIME, TRAEFIK_P2C } from './systems.ts';

const HIGH_LOAD = 0.9;

interface Claim extends Target {
  /** The rows of the default policy that it is about. */
  readonly about: (row: Row) => boolean;
  /** The figure of each; the worst counts. */
  readonly read: (row: Row) => number | null;
}

const vs = (peer: string) => (row: Row) => row.p99_ratio?.[peer] ?? null;
/** The best limit may be another in each cell: to be below it is to be below all. */
const vsQueueing = ({ p99_ratio }: Row) =>
  greatest(
    Object.entries(p99_ratio ?? {})
      .filter(([peer]) => peer.startsWith(`${HAPROXY}, maxconn`))
      .map(([, ratio]) => ratio),
  );

/**
 * Traces are judged apart: for as long as a burst brings more than all workers can do, who waits is the same for all
 * systems, and no choice among workers can halve it.
 */
const CLAIMS: readonly Claim[] = (['unequal', 'one-slow'] as const).flatMap((scenario) =>
  (['poisson', 'traces'] as const).flatMap((arrivals): Claim[] => {
    const about = (row: Row) =>
      row.scenario === scenario &&
      row.load === HIGH_LOAD &&
      (row.arrivals === 'poisson') === (arrivals === 'poisson');
    const name = `${scenario.replace('-', '_')}_${arrivals}_p99_ratio`;
    return [
      { figure: `${name}_vs_nginx`, comparison: '<=', limit: 0.5, about, read: vs(NGINX) },
      { figure: `${name}_vs_haproxy`, comparison: '<=', limit: 0.5, about, read: vs(HAPROXY) },
      { figure: `${name}_vs_envoy`, comparison: '<=', limit: 0.5, about, read: vs(ENVOY) },
      { figure: `${name}_vs_traefik_p2c`, comparison: '<=', limit: 0.5, about, read: vs(TRAEFIK_P2C) },
      {
        figure: `${name}_vs_traefik_leasttime`,
        comparison: '<',
        limit: 1,
        about,
        read: vs(TRAEFIK_LEASTTIME),
      },
      { figure: `${name}_vs_haproxy_maxconn`, comparison: '<', limit: 1, about, read: vsQueueing },
    ];
  }),
);

const EQUAL: readonly Claim[] = (['poisson', 'traces'] as const).map((arrivals) => ({
  ...{ figure: `equal_${arrivals}_p99_ratio_vs_best_peer`, comparison: '<=', limit: 1.05 },
  about: (row) => row.scenario === 'equal' && (row.arrivals === 'poisson') === (arrivals === 'poisson'),
  read: (row) => row.p99_ratio_vs_best_peer,
}));

export function judge(rows: readonly Row[]): Verdict[] {
  const ours = rows.filter((row) => row.is_default);
  const claims = [...CLAIMS, ...EQUAL];
  const plain = claims.map(({ figure, comparison, limit }) => ({ figure, comparison, limit }));
  return judgeTargets(plain, (figure) => {
    const { about, read } = claims.find((claim) => claim.figure === figure)!;
    return greatest(ours.filter(about).map(read));
  });
}
