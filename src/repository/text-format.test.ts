import fc from 'fast-check';
import protobuf from 'protobufjs';
import textformat from 'protobufjs/ext/textformat.js';
import { describe, expect, it } from 'vitest';
import { decodeText } from './text-decode.ts';
import { parseTextFormat } from './text-format.ts';
import { enumeration, type Message, mapping, message, repeated } from './text-schema.ts';

const LEAF = message({ flag: 'bool', words: repeated('string') });
const SCHEMA = message({
  small: 'int32',
  count: 'uint32',
  big: 'int64',
  huge: 'uint64',
  text: 'string',
  ratio: 'float',
  colour: enumeration('RED', 'GREEN'),
  numbers: repeated('int64'),
  leaf: LEAF,
  leaves: repeated(LEAF),
  map: mapping('string'),
});

/** The same schema for the parser that ours is measured against. */
const PROTO = protobuf.parse(`
  syntax = "proto3";
  enum Colour { RED = 0; GREEN = 1; }
  message Leaf { bool flag = 1; repeated string words = 2; }
  message Root {
    int32 small = 1; uint32 count = 2; int64 big = 3; uint64 huge = 4; string text = 5; double ratio = 6;
    Colour colour = 7; repeated int64 numbers = 8; Leaf leaf = 9; repeated Leaf leaves = 10;
    map<string, string> map = 11;
  }`).root;

/** What protobufjs reads, or undefined where it finds a fault. */
function readByProtobufjs(text: string): unknown {
  const type = PROTO.lookupType('Root');
  try {
    const read = type.toObject(textformat.fromText(type, text), {
      longs: String,
      enums: String,
      arrays: true,
    });
    // It takes any number for an enumeration, as protobuf does; we take only those that have a name.
    if (typeof read.colour === 'number') return undefined;
    // Through JSON, so that -0 and NaN, which no field of a configuration needs, compare alike.
    return JSON.parse(JSON.stringify({ leaf: null, map: {}, ...read }));
  } catch {
    return undefined;
  }
}

function readByUs(text: string, schema: Message = SCHEMA): unknown {
  const tree = parseTextFormat(text);
  if ('fault' in tree) return undefined;
  const decoded = decodeText(tree.message, schema);
  if ('faults' in decoded) return undefined;
  const plain = JSON.stringify(decoded.value, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    return value instanceof Map ? Object.fromEntries(value) : value;
  });
  return { leaf: null, ...JSON.parse(plain) };
}

const SAMPLES = [
  '',
  'small: 1',
  'small: -7 count: 0x1F big: -017 huge: 18446744073709551615',
  'small: - 7',
  'small: 2147483648',
  'count: -1',
  'big: 9223372036854775808',
  'small: 1.0',
  'small: 1f',
  'small: 08',
  'small 1',
  'small: 1 small: 2',
  'small: [1]',
  'small: "1"',
  'ratio: 1.5e-3 text: ""',
  'ratio: .5f',
  'ratio: -inf',
  'ratio: x',
  'text: "a" \'b\'  # tail\n "\\303\\251\\n\\x41\\u00e9\\U0001F600\\"\\\'"',
  'text: "\\377"',
  'text: "\\q"',
  'text: "open',
  'text: "a\nb"',
  "text: 'it \\'is\\' \"so\"'",
  'colour: GREEN',
  'colour: 1',
  'colour: "RED"',
  'colour: BLUE',
  'colour: toString',
  'numbers: 1 numbers: [2, 3], numbers: []; numbers: [ ]',
  'numbers []',
  'leaves []',
  'map []',
  'numbers: [1, ]',
  'numbers [1]',
  'numbers: [1 2]',
  'leaf { flag: true }',
  'leaf: < flag: t words: ["a", "b"]; >',
  'leaf { flag: true } leaf { }',
  'leaf { flag: true >',
  'leaf { flag: yes }',
  'leaf: 1',
  'small: { }',
  'leaves [ { flag: 1 }, < flag: 0 > ] leaves { }',
  'leaves: [ { } { } ]',
  'map { key: "a" value: "b" } map: { key: "a" value: "c" } map [ { key: "d" }, { value: "e" } ]',
  'map { key: 1 }',
  'map { keys: "a" }',
  'leaf { } ; small: 1,',
  'small: 1,,',
  '; small: 1',
  'unknown: 1',
  'constructor: 1',
  '}',
  'leaf {',
  'leaf { flag: true',
  'small: 1\u00a0',
  '# only a comment',
];

describe('text format', () => {
  it.each(SAMPLES)('reads as protobufjs does: %s', (text) => {
    expect(readByUs(text)).toEqual(readByProtobufjs(text));
  });

  it('reads mutations of valid text as protobufjs does', () => {
    const pieces = SAMPLES.flatMap((sample) => sample.split(/(?<=[\s:{}[\],;"'])|(?=[\s:{}[\],;"'])/));
    const text = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...SAMPLES, ' ')), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (candidate) => {
        expect(readByUs(candidate)).toEqual(readByProtobufjs(candidate));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['small: 1\nleaf {\n  flag: true\n', 4, 'expected a field or "}", found the end of the file'],
    ['small: 1\n\n)', 3, 'unexpected character ")"'],
    ['small:\n', 2, 'expected a value, found the end of the file'],
    ['small\n1', 2, 'expected ":" after small'],
    ['# one\ntext: "never closed', 2, 'string is not closed on its line'],
    ['text: "\\xzz"', 1, 'string has an escape that is not known'],
    ['text: "\\U00110000"', 1, 'string has an escape that is not known'],
    ['numbers: [1\n2]', 2, 'expected "]", found "2"'],
    ['[some.extension]: 1', 1, 'expected a field, found "["'],
  ])('names the line of a fault of syntax: %j', (text, line, fault) => {
    expect(parseTextFormat(text)).toEqual({ fault: { line, message: fault } });
  });

  it('refuses nesting that would exhaust the stack', () => {
    const fault = { line: 1, message: 'is nested too deeply' };
    expect(parseTextFormat('a {'.repeat(300_000))).toEqual({ fault });
    expect(parseTextFormat('a: ['.repeat(300_000))).toMatchObject({ fault: { line: 1 } });
  });

  it.each([
    ['quotes', '"'.repeat(1 << 20)],
    ['backslashes', `a: "${'\\\\'.repeat(1 << 19)}"`],
    ['digits', `small: ${'9'.repeat(1 << 20)}`],
    ['zeros', `small: ${'0'.repeat(1 << 20)}`],
    ['signs of exponents', `ratio: ${'1e+'.repeat(1 << 18)}`],
    ['comments', '#\n'.repeat(1 << 19)],
    ['letters', 'a'.repeat(1 << 20)],
    ['keys of a map', 'map { key: "a" }'.repeat(1 << 16)],
    ['unknown fields', 'u: 1 '.repeat(1 << 18)],
    ['elements', `numbers: [${'1,'.repeat(1 << 19)}1]`],
  ])('takes a mebibyte of %s in a moment', (_what, text) => {
    const start = performance.now();
    readByUs(text);
    // About a second on a busy machine. A cost that grew with the square would take hours.
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
