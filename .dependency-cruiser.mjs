/** Who may import whom; docs/architecture.md says why. */

/** Anybody may use these. */
const SHARED = '^src/(turntable-error|sibling-module|port-calls|oip/|config/|telemetry/)';

/** @param {string} folder @param {string[]} allowed */
const only = (folder, allowed) => ({
  name: `${folder}-imports`,
  comment: `${folder} may import ${allowed.join(', ') || 'nothing'} of ours`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: [SHARED, ...[folder, ...allowed].map((one) => `^src/${one}(/|\\.ts$)`)] },
});

export default {
  forbidden: [
    only('table', []),
    only('balance', []),
    only('admission', []),
    only('channel', []),
    only('repository', []),
    only('provision', ['channel', 'worker/presence']),
    only('gateway', ['admission', 'balance', 'channel', 'table']),
    only('worker', ['channel']),
    only('control', ['table', 'provision', 'repository']),
    {
      name: 'shared-imports-nothing-of-theirs',
      severity: 'error',
      from: { path: SHARED, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: SHARED },
    },
    {
      name: 'implementations-are-wired-by-cli-alone',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/cli/', '\\.test\\.ts$', '^src/table/(memory|redis|thread)/', '^src/worker/onnx/'],
      },
      to: { path: '^src/(table/(memory|redis|thread)/|worker/onnx/|provision/process-provisioner)' },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'pure-does-no-io',
      comment: 'balance, admission and every decide-* take clock and randomness as arguments',
      severity: 'error',
      from: { path: '^src/(balance/|admission/|control/decide-)', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'onnx-runtime-stays-in-its-corner',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/worker/onnx/', '\\.test\\.ts$'] },
      to: { path: 'onnxruntime-node' },
    },
    {
      name: 'redis-client-stays-in-its-corner',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/table/redis/', '\\.test\\.ts$'] },
      to: { path: 'ioredis' },
    },
    {
      name: 'threads-stay-in-their-corners',
      comment: 'who can be run in a thread need not know it',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/cli/', '^src/table/thread/', '^src/worker/onnx/', '^src/port-calls', '\\.test\\.ts$'],
      },
      to: { path: 'worker_threads' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
};
