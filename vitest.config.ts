import { defineConfig } from 'vitest/config';
import { ClosingCounts } from './test/support/closing-counts.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/debian-packages.ts'],
    pool: 'forks',
    // Each file of end-to-end tests runs a server and its workers: more at once than cores proves less.
    maxWorkers: 2,
    // Against hanging alone: tests start processes, which takes long on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    retry: 0,
    reporters: ['default', new ClosingCounts()],
  },
});
