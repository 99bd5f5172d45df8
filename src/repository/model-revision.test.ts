/** Revisions: the same for the same model wherever it lies, another for any other. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelRevision } from './model-revision.ts';
import type { ModelVersion } from './repository-scan.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'revision-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function version(file: string, content: string, config: ModelVersion['config']): Promise<ModelVersion> {
  const modelPath = join(directory, file);
  await writeFile(modelPath, content);
  return { idModel: 'm', version: '1', modelPath, platform: 'onnxruntime_onnx', config };
}

describe('modelRevision', () => {
  it('is the same for the same content and settings, wherever they lie', async () => {
    const here = await version('a', 'weights', { maxBatchSize: 8, replicas: 2, source: '/here' });
    const there = await version('b', 'weights', { replicas: 2, maxBatchSize: 8, source: '/there' });
    expect(await modelRevision(here)).toBe(await modelRevision(there));
    expect(await modelRevision(here)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is another for other content or settings', async () => {
    const revisions = await Promise.all(
      [
        await version('a', 'weights', {}),
        await version('b', 'weightz', {}),
        await version('c', 'weights', { maxBatchSize: 8 }),
      ].map(modelRevision),
    );
    expect(new Set(revisions).size).toBe(3);
  });
});
