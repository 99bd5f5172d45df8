/**
 * Reads the protobuf text format into a tree in which every value knows its line.
 *
 * Source of the grammar: "Text Format Language Specification" of Protocol Buffers, without what no file that
 * we read may hold: extensions and Any (`[name] { }`). A parser of our own, because that of protobufjs
 * (ext/textformat), by which the tests judge this one, says only "integer value expected" of a wrong value,
 * with neither field nor line, and its result has no lines that a later check could name.
 */
import type { ConfigFault } from './config-fault.ts';
import { showToken, TextFormatLexer, TextFormatSyntaxError, type Token } from './text-format-lexer.ts';

export interface TextScalar {
  /** A word is an enum value, a bool, inf or nan; a number keeps its sign and its notation. */
  readonly kind: 'word' | 'number' | 'string';
  readonly text: string;
  readonly line: number;
}

export interface TextMessage {
  readonly kind: 'message';
  readonly fields: readonly TextField[];
  readonly line: number;
}

export type TextValue = TextScalar | TextMessage;

/** One occurrence of a field: `dims: 1` has one value; `dims: [1, 2]` has two and is a list. */
export interface TextField {
  readonly name: string;
  readonly line: number;
  readonly values: readonly TextValue[];
  readonly isList: boolean;
  /** Only messages may stand without it; of an empty list only the schema knows whether it is one of messages. */
  readonly hasColon: boolean;
}

/** Deeper than any configuration nests (about eight levels), and far from the end of the stack. */
const MAX_DEPTH = 32;

/** Linear in the length of the text; never throws. */
export function parseTextFormat(
  text: string,
): { readonly message: TextMessage } | { readonly fault: ConfigFault } {
  try {
    const lexer = new TextFormatLexer(text);
    return { message: { kind: 'message', fields: parseFields(lexer, undefined, 0), line: 1 } };
  } catch (error) {
    if (error instanceof TextFormatSyntaxError)
      return { fault: { line: error.line, message: error.message } };
    throw error;
  }
}

/** Reads fields up to the closing token, which it takes, or up to the end of the text. */
function parseFields(lexer: TextFormatLexer, close: string | undefined, depth: number): TextField[] {
  const fields: TextField[] = [];
  for (;;) {
    const token = lexer.take();
    if (token.kind === 'end' && close === undefined) return fields;
    if (token.kind === 'mark' && token.text === close) return fields;
    if (token.kind !== 'word')
      throw unexpected(token, close === undefined ? 'a field' : `a field or "${close}"`);
    fields.push(parseField(lexer, token, depth));
    if (!lexer.skip(',')) lexer.skip(';');
  }
}

function parseField(lexer: TextFormatLexer, name: Token, depth: number): TextField {
  // Only before a message may the colon be left out, also where the messages stand in a list.
  const hasColon = lexer.skip(':');
  const isList = lexer.skip('[');
  const values: TextValue[] = [];
  if (!isList || !lexer.skip(']')) {
    do {
      const value = parseValue(lexer, depth);
      if (!hasColon && value.kind !== 'message') {
        throw new TextFormatSyntaxError(value.line, `expected ":" after ${name.text}`);
      }
      values.push(value);
    } while (isList && lexer.skip(','));
    if (isList) lexer.expect(']');
  }
  return { name: name.text, line: name.line, values, isList, hasColon };
}

function parseValue(lexer: TextFormatLexer, depth: number): TextValue {
  const token = lexer.take();
  const { line } = token;
  switch (token.kind) {
    case 'string': {
      // Adjacent strings are one string, as in C.
      let text = token.text;
      for (let next = lexer.takeString(); next !== undefined; next = lexer.takeString()) text += next;
      return { kind: 'string', text, line };
    }
    case 'word':
    case 'number':
      return { kind: token.kind, text: token.text, line };
    case 'mark':
      if (token.text === '{' || token.text === '<') {
        if (depth >= MAX_DEPTH) throw new TextFormatSyntaxError(line, 'is nested too deeply');
        return {
          kind: 'message',
          fields: parseFields(lexer, token.text === '{' ? '}' : '>', depth + 1),
          line,
        };
      }
      if (token.text === '-') {
        const next = lexer.take();
        if (next.kind === 'number' || next.kind === 'word') {
          return { kind: next.kind, text: `-${next.text}`, line };
        }
        throw unexpected(next, 'a number');
      }
      throw unexpected(token, 'a value');
    case 'end':
      throw unexpected(token, 'a value');
  }
}

function unexpected(token: Token, expected: string): TextFormatSyntaxError {
  return new TextFormatSyntaxError(token.line, `expected ${expected}, found ${showToken(token)}`);
}
