/** Describes protobuf messages for reading them from the text format, and what TypeScript sees of them. */

/** 64-bit integers become bigint, the others number. */
export type Scalar = 'string' | 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'float';

/** The names in the order of their numbers, which start at 0. */
export interface Enumeration {
  readonly values: readonly string[];
}

interface Repeated {
  readonly each: SingleType;
}

/** A map, whose keys become strings. */
export interface Mapping {
  readonly key: 'string' | 'uint64';
  readonly value: 'string' | Message;
}

export interface Message {
  readonly fields: Readonly<Record<string, FieldType>>;
}

export type SingleType = Scalar | Enumeration | Message;

export type FieldType = SingleType | Repeated | Mapping;

export function enumeration<const V extends readonly string[]>(...values: V): { readonly values: V } {
  return { values };
}

export function repeated<const T extends SingleType>(each: T): { readonly each: T } {
  return { each };
}

export function mapping<const V extends Mapping['value']>(
  value: V,
  key: Mapping['key'] = 'string',
): { readonly key: Mapping['key']; readonly value: V } {
  return { key, value };
}

export function message<const F extends Message['fields']>(fields: F): { readonly fields: F } {
  return { fields };
}

/** What a field of this type reads as. A repeated field or a map that is not there is empty. */
export type Decoded<T> = T extends 'string'
  ? string
  : T extends 'bool'
    ? boolean
    : T extends 'int32' | 'uint32' | 'float'
      ? number
      : T extends 'int64' | 'uint64'
        ? bigint
        : T extends { readonly values: readonly (infer V)[] }
          ? V
          : T extends { readonly each: infer E }
            ? readonly Decoded<E>[]
            : T extends { readonly key: unknown; readonly value: infer V }
              ? ReadonlyMap<string, Decoded<V>>
              : T extends { readonly fields: infer F }
                ? DecodedFields<F>
                : never;

type DecodedFields<F> = {
  readonly [K in keyof F as F[K] extends Repeated | Mapping ? K : never]: Decoded<F[K]>;
} & {
  readonly [K in keyof F as F[K] extends Repeated | Mapping ? never : K]?: Decoded<F[K]>;
};
