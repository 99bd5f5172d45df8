/** Values of a benchmark's options, read from what the command line says. */

/** @throws RangeError that names the option */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name} must be a whole number from 1`);
  return value;
}

/** The same, where the option was given. @throws RangeError that names the option */
export function positiveOr(name: string, text: string | undefined, byDefault: number): number {
  return text === undefined ? byDefault : positive(name, text);
}

/** The parts of a benchmark that `--only` names, or another option, by commas. @throws RangeError with those there are */
export function partsOf<Part extends string>(
  known: readonly Part[],
  text: string,
  option = 'only',
): Set<Part> {
  const parts = text.split(',').map((name) => {
    const part = known.find((candidate) => candidate === name);
    if (part === undefined) throw new RangeError(`--${option} knows ${known.join(', ')}; not "${name}"`);
    return part;
  });
  return new Set(parts);
}
