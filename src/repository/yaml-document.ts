/** Reads one YAML document that may be hostile, remembering on which lines its fields stand. */
import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument, YAMLParseError } from 'yaml';
import { type ConfigFault, printable } from './config-fault.ts';

export interface YamlDocument {
  readonly value: unknown;
  /** The line of the last segment of the path that is there. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/**
 * Some costs of the parser grow with the square of the number of tokens (keys compared with each other, aliases
 * looked up, errors collected): a hostile mebibyte took it over a minute. At this many it is about a second,
 * and a real file has a few hundred, since long texts are one token each.
 */
const MAX_TOKENS = 30_000;

/** How often aliases may repeat what they stand for: PyYAML writes a few, a "billion laughs" file needs millions. */
const MAX_ALIASES = 100;

/** Never throws. */
export function readYaml(text: string): YamlDocument | { readonly fault: ConfigFault } {
  try {
    let tokens = 0;
    for (const _token of new Lexer().lex(text)) {
      tokens += 1;
      if (tokens > MAX_TOKENS) return { fault: { message: `has more than ${MAX_TOKENS} tokens of YAML` } };
    }
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
    const [error] = document.errors;
    if (error !== undefined) {
      return { fault: { line: lineCounter.linePos(error.pos[0]).line, message: explain(error) } };
    }
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return {
      value,
      lineOf(path) {
        const offset = offsetOf(document, path);
        return offset === undefined ? undefined : lineCounter.linePos(offset).line;
      },
    };
  } catch (error) {
    return { fault: { message: explain(error) } };
  }
}

function offsetOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
      if (!isScalar(pair?.key)) break;
      offset = pair.key.range?.[0];
      node = pair.value;
    } else if (isSeq(node) && typeof segment === 'number') {
      node = node.items[segment];
      if (isScalar(node)) offset = node.range?.[0];
    } else break;
  }
  return offset;
}

function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // The parser recurses, and reports the end of the stack as one more error of the document.
  if (/call stack/.test(message)) return 'is nested too deeply';
  if (error instanceof YAMLParseError && error.code === 'MULTIPLE_DOCS')
    return 'holds more than one YAML document';
  return `is not valid YAML: ${printable(message, 200)}`;
}
