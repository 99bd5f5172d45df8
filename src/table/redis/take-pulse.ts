/** What the pulse tells, taken into the view: what gateways state, heartbeats, and candidates' signs of life. */
import type { LocalView } from '../local-view.ts';
import type { StreamEntry } from './change-feed.ts';
import { decodeLoads, toFields } from './row-codec.ts';

type Fields = ReadonlyMap<string, string>;

/** @param now the table's clock */
export function takePulse(entries: readonly StreamEntry[], local: LocalView, now: number): void {
  const changed = new Set<string>();
  let left = false;
  for (const [, flat] of entries) {
    const [kind, id = ''] = flat;
    const fields = toFields(flat);
    if (kind === 'gateway') {
      if (fields.get('said') === 'none') left = local.statements.remove(id) || left;
      else takeStatement(id, fields, local, now, changed);
    } else if (kind === 'worker') {
      const row = local.rows.get(id);
      const last_activity = Number(fields.get('last_activity'));
      const rss_bytes = Number(fields.get('rss_bytes'));
      if (row) local.rows.set(id, { ...row, last_activity, rss_bytes });
    } else if (kind === 'controller') {
      takeController(id, fields, local, now);
    }
  }
  if (left) local.emit({ kind: 'load' });
  else if (changed.size > 0) local.emit({ kind: 'load', id_workers: changed });
}

/** @param changed gets the ids of the workers that it speaks of, or spoke of before */
function takeStatement(
  id_gateway: string,
  fields: Fields,
  { statements }: LocalView,
  now: number,
  changed: Set<string>,
): void {
  const loads = decodeLoads(fields.get('loads') ?? '');
  if (fields.get('said') === 'all') {
    const node = fields.get('node') ?? '';
    const pid = Number(fields.get('pid') ?? 0);
    const address = fields.get('address') ?? '';
    statements.heard({ id_gateway, node, pid, address, last_activity: now });
    const spoken = new Set(loads.map(({ id_worker }) => id_worker));
    for (const id_worker of statements.keepOnly(id_gateway, spoken)) changed.add(id_worker);
  } else if (!statements.heardAgain(id_gateway, now)) {
    // Of one that has just come, or whose word was lost, all is said within a second.
    return;
  }
  for (const load of loads) {
    statements.say(id_gateway, load);
    changed.add(load.id_worker);
  }
}

function takeController(
  id_controller: string,
  fields: Fields,
  { controllers }: LocalView,
  now: number,
): void {
  if (fields.get('gone') === '1') {
    controllers.delete(id_controller);
    return;
  }
  const acting = fields.get('acting') === '1';
  // Of two that say that they act, the later is right: the table had one at a time.
  if (acting) {
    for (const [id, other] of controllers) controllers.set(id, { ...other, acting: false });
  }
  const node = fields.get('node') ?? '';
  const pid = Number(fields.get('pid'));
  controllers.set(id_controller, { id_controller, node, pid, acting, last_activity: now });
}
