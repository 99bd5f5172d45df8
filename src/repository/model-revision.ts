/** What tells two states of a model version apart, on whatever machine they lie: a digest of file and configuration. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ModelVersion } from './repository-scan.ts';

/** Hex digits that are kept: 64 bits, of which two that differ by accident are not seen to be the same. */
const DIGITS = 16;

/**
 * Reads the whole model file.
 * @throws what reading the file throws
 */
export async function modelRevision(version: ModelVersion): Promise<string> {
  const { modelPath, platform, config } = version;
  // Where the configuration was read from, and how many are to serve it, says nothing of the model.
  const { source: _source, replicas: _replicas, ...settings } = config;
  const hash = createHash('sha256').update(JSON.stringify([platform, sorted(settings)]));
  await pipeline(createReadStream(modelPath), hash);
  return hash.digest('hex').slice(0, DIGITS);
}

/** The order in which settings were written is of no account. */
function sorted(settings: object): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}
