/** Cuts protobuf text format into tokens with their lines; strings come out decoded. */
import { quote } from './config-fault.ts';

export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'mark' | 'end';
  readonly text: string;
  readonly line: number;
}

export class TextFormatSyntaxError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A token as an error message shows it. */
export function showToken(token: Token): string {
  return token.kind === 'end' ? 'the end of the file' : quote(token.text);
}

const SPACE = /[ \t\r\n\v\f]+|#[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
// Everything that clings to a digit. Whether it is a number of the wanted kind is for the schema to say.
const NUMBER = /(?:[0-9]|\.[0-9])(?:[eE][+-](?=[0-9])|[A-Za-z0-9_.])*/y;
const PLAIN = { '"': /[^"\\\n]*/y, "'": /[^'\\\n]*/y };
const MARKS = '{}<>[]:,;-';
const ESCAPE =
  /\\(?:([abfnrtv?\\'"])|([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/y;
const NAMED_ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

export class TextFormatLexer {
  readonly #text: string;
  #position = 0;
  #line = 1;
  #next: Token;

  constructor(text: string) {
    this.#text = text;
    this.#next = this.#read();
  }

  take(): Token {
    const token = this.#next;
    // The end is never passed, so that what asks again is told the end again.
    if (token.kind !== 'end') this.#next = this.#read();
    return token;
  }

  takeString(): string | undefined {
    return this.#next.kind === 'string' ? this.take().text : undefined;
  }

  /** Takes the next token if it is this mark. */
  skip(mark: string): boolean {
    const found = this.#next.kind === 'mark' && this.#next.text === mark;
    if (found) this.take();
    return found;
  }

  expect(mark: string): void {
    const token = this.#next;
    if (!this.skip(mark)) {
      throw new TextFormatSyntaxError(token.line, `expected "${mark}", found ${showToken(token)}`);
    }
  }

  #read(): Token {
    this.#skipSpace();
    const line = this.#line;
    const first = this.#text[this.#position];
    if (first === undefined) return { kind: 'end', text: '', line };
    if (first === '"' || first === "'") {
      return { kind: 'string', text: this.#readString(first), line };
    }
    const word = this.#match(WORD);
    if (word !== '') return { kind: 'word', text: word, line };
    const number = this.#match(NUMBER);
    if (number !== '') return { kind: 'number', text: number, line };
    if (!MARKS.includes(first)) {
      const code = this.#text.codePointAt(this.#position) ?? 0;
      throw new TextFormatSyntaxError(line, `unexpected character ${quote(String.fromCodePoint(code))}`);
    }
    this.#position += 1;
    return { kind: 'mark', text: first, line };
  }

  #skipSpace(): void {
    for (let space = this.#match(SPACE); space !== ''; space = this.#match(SPACE)) {
      for (const char of space) if (char === '\n') this.#line += 1;
    }
  }

  #readString(delimiter: '"' | "'"): string {
    this.#position += 1;
    const parts: Uint8Array[] = [];
    for (;;) {
      const plain = this.#match(PLAIN[delimiter]);
      if (plain !== '') parts.push(Buffer.from(plain));
      const stop = this.#text[this.#position];
      if (stop === delimiter) break;
      if (stop !== '\\') throw new TextFormatSyntaxError(this.#line, 'string is not closed on its line');
      parts.push(this.#readEscape());
    }
    this.#position += 1;
    try {
      // Escapes give bytes, which only together make characters: "\303\251" is é.
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
    } catch {
      throw new TextFormatSyntaxError(this.#line, 'string is not valid UTF-8');
    }
  }

  #readEscape(): Uint8Array {
    ESCAPE.lastIndex = this.#position;
    const match = ESCAPE.exec(this.#text);
    if (match !== null) {
      this.#position = ESCAPE.lastIndex;
      const [, named, octal, hex, short, long] = match;
      if (named !== undefined) return Uint8Array.of(NAMED_ESCAPES[named] ?? named.charCodeAt(0));
      if (octal !== undefined) return Uint8Array.of(Number.parseInt(octal, 8));
      if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))
        return Buffer.from(String.fromCodePoint(code));
    }
    throw new TextFormatSyntaxError(this.#line, 'string has an escape that is not known');
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += found.length;
    return found;
  }
}
