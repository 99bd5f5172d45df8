/** Who is ejected, who never is, and in what order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideEjections, type EjectionLimits, type PeerRecord } from './decide-ejections.ts';

const LIMITS: EjectionLimits = { maxEjectedPercent: 50, consecutiveFailures: 5 };
const HEALTHY: Omit<PeerRecord, 'id_worker'> = {
  ejected: false,
  consecutiveFailures: 0,
  succeeded: 100,
  failed: 0,
  serviceMs: 11,
  answers: 100,
  stalledMs: 0,
  inFlight: 1,
};

/** Workers w1, w2, … that are healthy but for what is said of each. */
const workers = (...differences: Partial<PeerRecord>[]): PeerRecord[] =>
  differences.map((difference, i) => ({ id_worker: `w${i + 1}`, ...HEALTHY, ...difference }));
const reasons = (peers: readonly PeerRecord[], limits: Partial<EjectionLimits> = {}) =>
  Object.fromEntries(
    decideEjections(peers, { ...LIMITS, ...limits }).map(({ id_worker, reason }) => [id_worker, reason]),
  );

describe('failures in a row', () => {
  it('eject from the limit on', () => {
    expect(reasons(workers({ consecutiveFailures: 5 }, {}, {}))).toEqual({ w1: '5 failures in a row' });
    expect(reasons(workers({ consecutiveFailures: 4 }, {}, {}))).toEqual({});
  });

  it('do not where that is off', () => {
    expect(reasons(workers({ consecutiveFailures: 50 }, {}), { consecutiveFailures: 0 })).toEqual({});
  });
});

describe('the success rate', () => {
  it('ejects where it is far below that of the peers', () => {
    expect(reasons(workers({ succeeded: 11, failed: 20 }, {}, {}))).toEqual({
      w1: '20 of 31 requests failed',
    });
  });

  it('does not by few requests, while it is fair, or where the peers do little better', () => {
    expect(reasons(workers({ succeeded: 0, failed: 19 }, {}))).toEqual({});
    expect(reasons(workers({ succeeded: 80, failed: 20 }, {}))).toEqual({});
    expect(reasons(workers({ succeeded: 70, failed: 30 }, { succeeded: 89, failed: 11 }))).toEqual({});
    expect(reasons(workers({ succeeded: 0, failed: 100 }, { succeeded: 2, failed: 0 }))).toEqual({});
  });
});

describe('the time of a run', () => {
  it('ejects where it is far above that of the peers', () => {
    expect(reasons(workers({ serviceMs: 120 }, { serviceMs: 11.2 }, {}))).toEqual({
      w1: "answers take 120 ms, its peers' 11 ms",
    });
    expect(reasons(workers({ serviceMs: 7.26 }, { serviceMs: 0.333 }, { serviceMs: 0.333 }))).toEqual({
      w1: "answers take 7.3 ms, its peers' 0.33 ms",
    });
  });

  it('never ejects a worker of a fifth of the speed', () => {
    const fast = { serviceMs: 10 };
    const slow = { serviceMs: 50 };
    expect(reasons(workers(slow, fast, fast, fast, slow, fast))).toEqual({});
  });

  it('does not by few answers, for few milliseconds, or without a measure of the peers', () => {
    expect(reasons(workers({ serviceMs: 120, answers: 4 }, {}))).toEqual({});
    expect(reasons(workers({ serviceMs: 5 }, { serviceMs: 0.02 }))).toEqual({});
    expect(reasons(workers({ serviceMs: 120 }, { serviceMs: 0 }))).toEqual({});
    expect(reasons(workers({ serviceMs: 120 }, { answers: 0 }))).toEqual({});
  });

  it('is compared with the middle of the peers, so that one slow worker does not hide another', () => {
    expect(Object.keys(reasons(workers({ serviceMs: 120 }, { serviceMs: 150 }, {}, {}, {})))).toEqual([
      'w2',
      'w1',
    ]);
  });
});

describe('a worker that answers nothing', () => {
  const hung = { stalledMs: 640, inFlight: 8 };

  it('is ejected while a peer answers', () => {
    expect(reasons(workers(hung, {}))).toEqual({
      w1: 'holds 8 requests and has answered none for 640 ms',
    });
    expect(reasons(workers({ stalledMs: 501, inFlight: 1 }, {}))).toEqual({
      w1: 'holds 1 request and has answered none for 501 ms',
    });
  });

  it('is not before half a second, or before ten runs of its peers', () => {
    expect(reasons(workers({ ...hung, stalledMs: 500 }, {}))).toEqual({});
    expect(reasons(workers(hung, { serviceMs: 65 }))).toEqual({});
    expect(Object.keys(reasons(workers(hung, { serviceMs: 63 })))).toEqual(['w1']);
  });

  it('is not where none answers, as when the whole machine stood still', () => {
    expect(reasons(workers(hung, { ...hung, stalledMs: 700 }))).toEqual({});
    expect(reasons(workers(hung, { answers: 0 }))).toEqual({});
  });
});

describe('the share', () => {
  const failing = (consecutiveFailures: number) => ({ consecutiveFailures });

  it('is kept, those ejected already counted, and the worst go first', () => {
    const all = [failing(7), failing(9), failing(5), failing(8)];
    expect(reasons(workers(...all))).toEqual({ w2: '9 failures in a row', w4: '8 failures in a row' });
    expect(Object.keys(reasons(workers(...all, { ejected: true }, {})))).toEqual(['w2', 'w4']);
    expect(Object.keys(reasons(workers(...all, { ejected: true }, { ejected: true })))).toEqual(['w2']);
  });

  it('is one worker at least where there are several', () => {
    expect(reasons(workers(failing(5), {}), { maxEjectedPercent: 10 })).toEqual({
      w1: '5 failures in a row',
    });
    expect(reasons(workers(failing(5), { ejected: true }), { maxEjectedPercent: 10 })).toEqual({});
  });

  it('leaves a sole worker alone', () => {
    expect(reasons(workers(failing(5)), { maxEjectedPercent: 100 })).toEqual({});
  });

  it('goes to those who answer nothing before those who fail, and to the slow last', () => {
    const hung = { stalledMs: 600 };
    const unreliable = { succeeded: 50, failed: 50 };
    const peers = workers({ serviceMs: 500 }, unreliable, failing(5), hung, {}, {}, {}, {});
    expect(Object.keys(reasons(peers))).toEqual(['w4', 'w3', 'w2', 'w1']);
    expect(Object.keys(reasons(peers, { maxEjectedPercent: 25 }))).toEqual(['w4', 'w3']);
  });
});

it('ejects nobody twice, nobody who is ejected, and never beyond the share', () => {
  const peer = fc.record({
    ejected: fc.boolean(),
    consecutiveFailures: fc.nat(8),
    succeeded: fc.nat(40),
    failed: fc.nat(40),
    serviceMs: fc.double({ min: 0, max: 500, noNaN: true }),
    answers: fc.nat(40),
    stalledMs: fc.nat(2_000),
    inFlight: fc.nat(10),
  });
  const limits = fc.record({
    maxEjectedPercent: fc.nat(100),
    consecutiveFailures: fc.nat(6),
  });
  fc.assert(
    fc.property(fc.array(peer, { maxLength: 12 }), limits, (records, given) => {
      const peers = workers(...records);
      const ejected = decideEjections(peers, given).map(({ id_worker }) => id_worker);
      const before = peers.filter((one) => one.ejected).map(({ id_worker }) => id_worker);
      expect(new Set([...ejected, ...before]).size).toBe(ejected.length + before.length);
      const share = Math.floor((peers.length * given.maxEjectedPercent) / 100);
      const most = given.maxEjectedPercent === 0 ? 0 : Math.max(1, share);
      if (peers.length <= 1) expect(ejected).toEqual([]);
      else expect(ejected.length).toBeLessThanOrEqual(Math.max(0, most - before.length));
    }),
  );
});
