/** CPU profiles added up: how much time each part of the way of a request has in them. */
import { type Frame, NATIVE, OTHER, partOf, pathOf, type Role } from './part-of-frame.ts';

interface ProfileNode extends Frame {
  readonly id: number;
  /** While this was the innermost frame, microseconds. */
  readonly selfUs: number;
  readonly children: readonly number[];
}

/** What profiling itself takes. */
const OUR_OWN = /^node:inspector|\/control-cost\/probe\.ts/;

/** Of one thread. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: number;
}

export interface PlaceTime {
  readonly place: string;
  readonly part: string;
  readonly us: number;
}

/** Without the time in which the thread had nothing to do. */
export interface ProfileParts {
  readonly us: number;
  readonly samples: number;
  readonly byPart: ReadonlyMap<string, number>;
  /** By function, the most first. */
  readonly places: readonly PlaceTime[];
}

/**
 * To V8 all that the event loop does between its callbacks is idleness, and so is reading from sockets. How much of the time
 * the thread was in the midst of something must come from elsewhere; what is left of it was such work.
 * @param busyShare of the time of the profile
 * @param root URL of the project's directory, with its last slash
 */
export function readProfile(
  { nodes, samples }: CpuProfile,
  busyShare: number,
  role: Role,
  root: string,
): ProfileParts {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(nodes.flatMap(({ id, children }) => children.map((child) => [child, id])));
  const byPart = new Map<string, number>();
  const places = new Map<string, PlaceTime>();
  const add = (part: string, place: string, us: number) => {
    byPart.set(part, (byPart.get(part) ?? 0) + us);
    const key = `${part} ${place}`;
    places.set(key, { place, part, us: (places.get(key)?.us ?? 0) + us });
  };
  let idleUs = 0;
  let totalUs = 0;
  for (const node of nodes) {
    if (node.selfUs === 0) continue;
    const stack: Frame[] = [];
    for (let at: ProfileNode | undefined = node; at; at = byId.get(parentOf.get(at.id) ?? 0)) stack.push(at);
    if (stack.some(({ url }) => OUR_OWN.test(url))) continue;
    totalUs += node.selfUs;
    const part = partOf(stack, role, root);
    if (part === null) idleUs += node.selfUs;
    else add(part, placeOf(stack, root), node.selfUs);
  }
  const betweenUs = idleUs - (1 - busyShare) * totalUs;
  if (betweenUs > 0) add(NATIVE, 'between callbacks', betweenUs);
  return {
    us: [...byPart.values()].reduce((sum, us) => sum + us, 0),
    samples,
    byPart,
    places: [...places.values()].toSorted((a, b) => b.us - a.us),
  };
}

/** The function, and the file that it lies in or that calls it. */
function placeOf(stack: readonly Frame[], root: string): string {
  const name = stack[0]?.functionName || '(anonymous)';
  const url = stack.find((frame) => frame.url !== '')?.url;
  return url === undefined ? name : `${name} ${pathOf(url, root)}`;
}

/** The parts in the order in which they are shown: as a request meets them, and then what belongs to nobody. */
export function orderParts(parts: Iterable<string>): string[] {
  const ORDER = [
    ...['HTTP', 'HTTP: write calls', 'sockets and streams', 'admission', 'balancing', 'channel'],
    ...['channel: write calls', 'decode', 'batching', 'inference', 'encode', 'table', 'metrics and logs'],
    ...['control loops', NATIVE],
  ];
  const place = (part: string) => {
    const index = ORDER.indexOf(part);
    if (index !== -1) return index;
    return part === OTHER ? ORDER.length + 1 : ORDER.length;
  };
  return [...new Set(parts)].toSorted((a, b) => place(a) - place(b) || a.localeCompare(b));
}
