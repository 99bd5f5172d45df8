/** Which part of the way of a request a frame of a CPU profile belongs to, by the file that it lies in. */

/** As the inspector tells it. */
export interface Frame {
  readonly functionName: string;
  /** Empty where it is no JavaScript: a function of Node's own in C++, or V8's word for what it did. */
  readonly url: string;
}

export const ROLES = ['gateway', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** What matches none of the rules below: shown as it is, with the files, so that it can be told where it belongs. */
export const OTHER = 'other';
const COLLECTION = 'garbage collection';
export const V8_THREADS = "V8's own threads: compiling, collecting";
export const OTHER_THREADS = 'other threads';
/** Outside JavaScript: what the event loop does between its callbacks, and what is called back from there. */
export const NATIVE = 'native: polling, reading, libuv';
const EVENT_LOOP = 'event loop, timers, promises';
/** The calls that give bytes to the kernel stand by themselves beside the part that makes them. */
const WRITES = /^(writev|writeBuffer|write(Utf8|Latin1|Ascii|Ucs2)String)$/;

type Rule = readonly [pattern: RegExp, part: string];

/**
 * By path below the project's root; the first that matches counts. One process runs gateway and controller, so that both
 * roles' rules begin alike.
 */
const SHARED: readonly Rule[] = [
  [/^src\/channel\//, 'channel'],
  [/^src\/telemetry\//, 'metrics and logs'],
  [/\/node_modules\/(pino|prom-client|sonic-boom)/, 'metrics and logs'],
];
const RULES: Readonly<Record<Role, readonly Rule[]>> = {
  gateway: [
    ...SHARED,
    [/^src\/gateway\/(metrics|version-statistics)/, 'metrics and logs'],
    [/^src\/balance\//, 'balancing'],
    [/^src\/gateway\/(sender|worker-link|ejector|second-tries)/, 'balancing'],
    [/^src\/admission\//, 'admission'],
    [/^src\/gateway\/(dispatcher|exchange|model-route|route-refusal)/, 'admission'],
    [/^src\/table\//, 'table'],
    [/^src\/gateway\/fleet/, 'table'],
    [/^src\/(control|provision|repository)\//, 'control loops'],
    // Last: whatever the front is made of.
    [
      /^src\/gateway\/(fast|front|http|raw|socket|infer|reply|request|response|router|connections|linger|head)/,
      'HTTP',
    ],
  ],
  worker: [
    ...SHARED,
    [/^src\/worker\/onnx\//, 'inference'],
    [/^src\/worker\/adaptive-session/, 'inference'],
    [/\/node_modules\/onnxruntime-/, 'inference'],
    [/^src\/worker\/(batcher|run-times|tensor-rows|model-server|inference-session)/, 'batching'],
    [/^src\/worker\/oip\/(encode|write|json-writer|not-representable)/, 'encode'],
    [/^src\/worker\/oip\//, 'decode'],
    [/^src\/oip\//, 'decode'],
  ],
};

/** Node's own modules, where none of ours called them: what comes from a socket may be a client's or a worker's. */
const NODE: readonly Rule[] = [
  [/^node:(_http|internal\/http)/, 'HTTP'],
  [/^node:(net|_stream|internal\/(stream|streams|js_stream|event_target))/, 'sockets and streams'],
  [/^node:events/, 'sockets and streams'],
  [/^node:(timers|internal\/(timers|process\/|async_hooks|promise|util|worker|per_context))/, EVENT_LOOP],
];

/** Null where V8 takes the thread to have had nothing to do. @param stack innermost first */
export function partOf(stack: readonly Frame[], role: Role, root: string): string | null {
  const [leaf] = stack;
  if (!leaf) return OTHER;
  if (leaf.url === '') {
    if (leaf.functionName === '(idle)') return null;
    if (leaf.functionName === '(garbage collector)') return COLLECTION;
    if (leaf.functionName === '(program)' || leaf.functionName === '(root)') return NATIVE;
  }
  const part = ruled(stack, RULES[role], root) ?? ruled(stack, NODE, root);
  // Called by nobody of JavaScript at all.
  if (part === null) return stack.every(({ url }) => url === '') ? NATIVE : OTHER;
  return leaf.url === '' && WRITES.test(leaf.functionName) ? `${part}: write calls` : part;
}

function ruled(stack: readonly Frame[], rules: readonly Rule[], root: string): string | null {
  for (const { url } of stack) {
    const path = pathOf(url, root);
    const rule = rules.find(([pattern]) => pattern.test(path));
    if (rule) return rule[1];
  }
  return null;
}

/** Of a package from /node_modules/ on, wherever that is. @param root URL of the project's directory, with its last slash */
export function pathOf(url: string, root: string): string {
  const ofPackage = url.lastIndexOf('/node_modules/');
  if (ofPackage >= 0) return url.slice(ofPackage);
  return url.startsWith(root) ? url.slice(root.length) : url;
}
