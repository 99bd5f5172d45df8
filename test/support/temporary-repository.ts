/** A model repository made for one test, out of the examples and the tests' own models. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;
const SOURCES = ['test/support/models', 'examples/models'];

export interface TemporaryRepository {
  readonly path: string;
  /** Copies a model of the tests or of the examples, under its own name and version 1 or others. */
  add(model: string, name?: string, version?: string): void;
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
    add(model, name = model, version = '1') {
      mkdirSync(join(path, name, version), { recursive: true });
      copyFileSync(modelFile(model), join(path, name, version, 'model.onnx'));
    },
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

/** The file that a model of the tests or of the examples is loaded from. */
export function modelFile(model: string): string {
  const files = SOURCES.map((source) => join(ROOT, source, model, '1/model.onnx'));
  const found = files.find((file) => existsSync(file));
  if (!found) throw new Error(`there is no model "${model}" for tests`);
  return found;
}
