/** A model repository made for one test, out of the examples and the tests' own models. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;
const SOURCES = ['test/support/models', 'examples/models'];

export interface TemporaryRepository {
  readonly path: string;
  /** Copies a model of the tests or of the examples, under its own name or another. */
  add(model: string, name?: string): void;
  /** Writes a file, and the directories that it needs. */
  write(file: string, content: string | Uint8Array): void;
  mkdir(directory: string): void;
  delete(file: string): void;
  /** Deletes it all. */
  remove(): void;
}

/** @param models to begin with */
export function temporaryRepository(...models: readonly string[]): TemporaryRepository {
  const path = mkdtempSync(join(tmpdir(), 'turntable-models-'));
  const repository: TemporaryRepository = {
    path,
    add: (model, name = model) => cpSync(modelDirectory(model), join(path, name), { recursive: true }),
    write(file, content) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), content);
    },
    mkdir: (directory) => mkdirSync(join(path, directory), { recursive: true }),
    delete: (file) => rmSync(join(path, file), { recursive: true }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  for (const model of models) repository.add(model);
  return repository;
}

/** The file that a model is loaded from. */
export function modelFile(model: string): string {
  return join(modelDirectory(model), '1/model.onnx');
}

function modelDirectory(model: string): string {
  const found = SOURCES.map((source) => join(ROOT, source, model)).find((directory) => existsSync(directory));
  if (!found) throw new Error(`there is no model "${model}" for tests`);
  return found;
}
