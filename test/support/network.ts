/** A network namespace whose ways to single addresses of this machine can be cut: as a cable would be, silently. */
import { spawnSync } from 'node:child_process';

export interface CuttableNetwork extends AsyncDisposable {
  /** Addresses on this machine's side, each of which can be cut off by itself. */
  readonly addresses: readonly [string, string, string];
  /** The one of processes within. */
  readonly inside: string;
  /** What runs a command within. */
  readonly within: readonly string[];
  cut(address: string): void;
  heal(address: string): void;
}

/** @throws with what `ip` says when that fails: it takes root, and a kernel that lets it */
function ip(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Whether this process may make one. */
export function canCutNetworks(): boolean {
  const name = `tt-probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  if (made) ip('netns', 'delete', name);
  return made;
}

export async function startCuttableNetwork(): Promise<CuttableNetwork> {
  const name = `tt-${process.pid}`;
  const outer = `tto${process.pid}`.slice(0, 15);
  const inner = `tti${process.pid}`.slice(0, 15);
  // Of the range for benchmarks between devices (RFC 2544), which nobody routes.
  const net = `198.18.${process.pid % 250}`;
  const addresses = [`${net}.2`, `${net}.3`, `${net}.4`] as const;
  const inside = `${net}.10`;
  const dispose = () => {
    spawnSync('ip', ['netns', 'delete', name]);
    spawnSync('ip', ['link', 'delete', outer]);
  };
  try {
    ip('netns', 'add', name);
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', name);
    // The first is where what this machine sends comes from, and is not cut.
    for (const address of [`${net}.1`, ...addresses]) ip('address', 'add', `${address}/24`, 'dev', outer);
    ip('link', 'set', outer, 'up');
    ip('-n', name, 'address', 'add', `${inside}/24`, 'dev', inner);
    ip('-n', name, 'link', 'set', inner, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    addresses,
    inside,
    within: ['ip', 'netns', 'exec', name],
    cut: (address) => ip('-n', name, 'route', 'add', 'blackhole', `${address}/32`),
    heal: (address) => ip('-n', name, 'route', 'delete', 'blackhole', `${address}/32`),
    async [Symbol.asyncDispose]() {
      dispose();
    },
  };
}
