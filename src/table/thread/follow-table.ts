/** Keeps a thread's view as the table is, by what it is told of it. */
import type { LocalView } from '../local-view.ts';
import { modelKey } from '../model-record.ts';
import type { Beat, Look, StatementChange, ThreadOperations } from './operations.ts';

/** @param onLook takes what is of the table as a whole, before anything is judged by its clock */
export function followTable(
  local: LocalView,
  onLook: (look: Look) => void,
): Pick<ThreadOperations, 'row' | 'models' | 'restored' | 'news'> {
  return {
    row(id_worker, row) {
      if (row) local.rows.set(id_worker, row);
      else local.rows.delete(id_worker);
      local.emit({ kind: 'worker', id_worker });
    },
    models(id_model, records) {
      for (const [name, record] of local.models) if (record.id_model === id_model) local.models.delete(name);
      for (const record of records) local.models.set(modelKey(id_model, record.version), record);
      local.emit({ kind: 'model', id_model });
    },
    restored: () => local.emit({ kind: 'restored' }),
    news({ said, left, look }) {
      if (look) {
        onLook(look);
        takeLook(local, look);
      }
      const changed = new Set<string>();
      for (const one of said) takeStatement(local, one, changed);
      for (const id_gateway of left) local.statements.remove(id_gateway);
      if (left.length > 0) local.emit({ kind: 'load' });
      else if (said.length > 0) local.emit({ kind: 'load', id_workers: changed });
      local.tick();
    },
  };
}

function takeLook(local: LocalView, { controllers, beats }: Look): void {
  local.controllers.clear();
  for (const controller of controllers) local.controllers.set(controller.id_controller, controller);
  for (const beat of beats) takeBeat(local, beat);
}

function takeBeat(local: LocalView, { id_worker, ...beat }: Beat): void {
  const row = local.rows.get(id_worker);
  if (row) local.rows.set(id_worker, { ...row, ...beat });
}

/** @param changed takes the workers of whom something new is said */
export function takeStatement(
  { statements }: LocalView,
  { gateway, loads, isAll }: StatementChange,
  changed: Set<string>,
): void {
  const { id_gateway } = gateway;
  statements.heard(gateway);
  for (const load of loads) {
    statements.say(id_gateway, load);
    changed.add(load.id_worker);
  }
  if (!isAll) return;
  for (const id_worker of statements.keepOnly(id_gateway, new Set(loads.map((load) => load.id_worker)))) {
    changed.add(id_worker);
  }
}
