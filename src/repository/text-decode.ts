/** Reads a text-format tree by a schema: every field known and of its type, or faults with field and line. */
import { type ConfigFault, MAX_FAULTS, printable, quote } from './config-fault.ts';
import type { TextField, TextMessage, TextValue } from './text-format.ts';
import { readScalar } from './text-scalar.ts';
import type { Decoded, FieldType, Mapping, Message, SingleType } from './text-schema.ts';

export interface DecodedText<M extends Message> {
  readonly value: Decoded<M>;
  /** The line of every field that is there, by its path: `max_batch_size`, `input[0].dims[1]`, `parameters["a"]`. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Never throws. Goes on past a fault, so that one reading shows what there is to mend, up to MAX_FAULTS. */
export function decodeText<M extends Message>(
  tree: TextMessage,
  schema: M,
): DecodedText<M> | { readonly faults: readonly ConfigFault[] } {
  const decoder = new TextDecoding();
  const value = decoder.message(tree, schema, '');
  if (decoder.faults.length > 0) return { faults: decoder.faults };
  // The decoding follows the schema, but its type cannot be shown to; this is the one place that says so.
  return { value: value as Decoded<M>, lines: decoder.lines };
}

class TextDecoding {
  readonly faults: ConfigFault[] = [];
  readonly lines = new Map<string, number>();

  message(tree: TextMessage, schema: Message, path: string): Record<string, unknown> {
    const found = emptyMessage(schema);
    const seenInLine = new Map<string, number>();
    for (const field of tree.fields) {
      if (this.faults.length >= MAX_FAULTS) break;
      const fieldPath = path === '' ? printable(field.name) : `${path}.${printable(field.name)}`;
      // An own property only, for the text may call a field `constructor`.
      const type = Object.hasOwn(schema.fields, field.name) ? schema.fields[field.name] : undefined;
      if (type === undefined) {
        this.#fault(field.line, fieldPath, "there is no such field in Triton's model configuration");
        continue;
      }
      this.lines.set(fieldPath, field.line);
      if (typeof type === 'object' && 'each' in type) {
        this.#elements(field, type.each, fieldPath, found[field.name] as unknown[]);
      } else if (typeof type === 'object' && 'key' in type) {
        const map = found[field.name] as Map<string, unknown>;
        for (const entry of field.values) this.#entry(entry, type, fieldPath, map);
      } else {
        found[field.name] = this.#singular(field, type, fieldPath, seenInLine.get(field.name));
      }
      seenInLine.set(field.name, field.line);
    }
    return found;
  }

  #singular(field: TextField, type: SingleType, path: string, earlierLine: number | undefined): unknown {
    if (earlierLine !== undefined) {
      return this.#fault(field.line, path, `is given twice, first in line ${earlierLine}`);
    }
    const [value] = field.values;
    if (field.isList || value === undefined)
      return this.#fault(field.line, path, 'takes one value, not a list');
    return this.#single(value, type, path);
  }

  /** `dims: 1 dims: 2` and `dims: [1, 2]` are the same. */
  #elements(field: TextField, each: SingleType, path: string, into: unknown[]): void {
    const isOfMessages = typeof each === 'object' && 'fields' in each;
    if (!field.hasColon && !isOfMessages) this.#fault(field.line, path, 'expected ":" after its name');
    for (const value of field.values) {
      const elementPath = `${path}[${into.length}]`;
      this.lines.set(elementPath, value.line);
      into.push(this.#single(value, each, elementPath));
    }
  }

  /** A map's entry is written as a message of key and value. A repeated key overwrites, as protobuf has it. */
  #entry(entry: TextValue, type: Mapping, path: string, into: Map<string, unknown>): void {
    const keys = entry.kind === 'message' ? entry.fields.filter((field) => field.name === 'key') : [];
    const key = keys[0]?.values[0];
    const entryPath = `${path}[${key === undefined || key.kind === 'message' ? '' : quote(key.text)}]`;
    this.lines.set(entryPath, entry.line);
    const schema: Message = { fields: { key: type.key, value: type.value } };
    const found = this.#single(entry, schema, entryPath) as Record<string, unknown> | undefined;
    const absent = typeof type.value === 'string' ? '' : emptyMessage(type.value);
    into.set(String(found?.key ?? ''), found?.value ?? absent);
  }

  #single(value: TextValue, type: SingleType, path: string): unknown {
    if (typeof type === 'object' && 'fields' in type) {
      if (value.kind === 'message') return this.message(value, type, path);
      return this.#fault(value.line, path, `expected { … }, found ${quote(value.text)}`);
    }
    if (value.kind === 'message') return this.#fault(value.line, path, 'takes a plain value, not { … }');
    const reading = readScalar(value, type);
    return 'fault' in reading ? this.#fault(value.line, path, reading.fault) : reading.value;
  }

  #fault(line: number, field: string, message: string): undefined {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ line, field, message });
  }
}

function emptyMessage(schema: Message): Record<string, unknown> {
  const empty = (type: FieldType): unknown => {
    if (typeof type === 'object' && 'each' in type) return [];
    return typeof type === 'object' && 'key' in type ? new Map() : undefined;
  };
  return Object.fromEntries(Object.entries(schema.fields).map(([name, type]) => [name, empty(type)]));
}
