/** Reads the directory of one model: its configuration, the versions it serves, and their files. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../config/model-config.ts';
import { describeIoError, readTextFile } from './bounded-file.ts';
import { type ConfigFault, describeFault, printable, quote } from './config-fault.ts';
import { lineOf, readConfigPbtxt, type TritonConfig } from './config-pbtxt.ts';
import type { MlModel } from './mlmodel.ts';
import { findModelFile } from './model-file.ts';
import { compareVersions, isVersionName } from './names.ts';
import type { ModelVersion, RepositoryProblem, RepositoryScan } from './repository-scan.ts';
import { LATEST_VERSION, pickVersions } from './version-policy.ts';

const NO_CONFIG: TritonConfig = { config: {}, versionPolicy: LATEST_VERSION, lines: new Map() };

/** Never throws. `idModel` must be a valid name; whether it is on disk is found out here. */
export async function readModelDirectory(root: string, idModel: string): Promise<RepositoryScan> {
  const reading = new ModelReading(root, idModel);
  await reading.read();
  return { versions: reading.versions, problems: reading.problems };
}

class ModelReading {
  readonly versions: ModelVersion[] = [];
  readonly problems: RepositoryProblem[] = [];
  readonly #root: string;
  readonly #idModel: string;

  constructor(root: string, idModel: string) {
    this.#root = root;
    this.#idModel = idModel;
  }

  async read(): Promise<void> {
    let entries: readonly string[];
    try {
      entries = await readdir(join(this.#root, this.#idModel));
    } catch (error) {
      return this.#problem(`${this.#idModel}: ${describeIoError(error)}`);
    }
    const triton = await this.#readTriton();
    if (triton === undefined) return;
    const directories = await this.#versionDirectories(entries);
    if (directories === undefined) return;

    const { chosen, missing } = pickVersions([...directories.keys()], triton.versionPolicy);
    for (const version of missing) {
      const field = 'version_policy.specific.versions';
      const message = `version ${version} is not on disk: there is no directory ${this.#idModel}/${version}`;
      const fault = { line: lineOf(field, triton.lines), field, message };
      this.#problem(describeFault(`${this.#idModel}/config.pbtxt`, fault), version);
    }
    for (const version of chosen) await this.#readVersion(version, directories.get(version)!, triton);
    this.problems.sort((a, b) => compareVersions(a.version ?? '', b.version ?? ''));
  }

  async #readTriton(): Promise<TritonConfig | undefined> {
    const file = `${this.#idModel}/config.pbtxt`;
    const read = await readTextFile(join(this.#root, file));
    if (read.kind === 'absent') return NO_CONFIG;
    if (read.kind === 'unreadable') return this.#problem(`${file}: ${read.reason}`);
    const triton = readConfigPbtxt(read.text, this.#idModel, file);
    return 'faults' in triton ? this.#faults(file, triton.faults) : triton;
  }

  /** Version → its directory relative to the root, or undefined when there is none. */
  async #versionDirectories(entries: readonly string[]): Promise<ReadonlyMap<string, string> | undefined> {
    const directories = new Map<string, string>();
    for (const entry of entries.filter(isVersionName)) {
      const directory = `${this.#idModel}/${entry}`;
      // What cannot be looked at, a dangling link say, stays a version: it will be reported, not passed over.
      const isDirectory = await stat(join(this.#root, directory)).then(
        (stats) => stats.isDirectory(),
        () => true,
      );
      if (isDirectory) directories.set(entry, directory);
    }
    if (entries.includes('MLmodel')) {
      if (directories.size === 0) return directories.set('1', this.#idModel);
      return this.#problem(
        `${this.#idModel}/MLmodel: stands beside version directories (${[...directories.keys()].join(', ')}); ` +
          'move it into the directory of its version',
      );
    }
    if (directories.size > 0) return directories;
    const loose = entries.find((entry) => entry.endsWith('.onnx'));
    return this.#problem(
      loose === undefined
        ? `${this.#idModel}: has no version directory; expected ${this.#idModel}/1/model.onnx or ${this.#idModel}/MLmodel`
        : `${this.#idModel}/${printable(loose)}: must lie in a version directory: move it to ${this.#idModel}/1/model.onnx`,
    );
  }

  async #readVersion(version: string, directory: string, triton: TritonConfig): Promise<void> {
    const mlFile = `${directory}/MLmodel`;
    const read = await readTextFile(join(this.#root, mlFile));
    if (read.kind === 'unreadable') return this.#problem(`${mlFile}: ${read.reason}`, version);
    let mlModel: MlModel | undefined;
    if (read.kind === 'text') {
      // Only here: the YAML and schema libraries behind it take memory that a repository without MLflow need not.
      const { readMlModel } = await import('./mlmodel.ts');
      const ml = readMlModel(read.text);
      if ('faults' in ml) return this.#faults(mlFile, ml.faults, version);
      mlModel = ml;
      if (triton.modelFilename !== undefined && triton.modelFilename !== ml.modelFilename) {
        const message = `${quote(triton.modelFilename)} contradicts flavors.onnx.data of ${mlFile}, ${quote(ml.modelFilename)}`;
        const field = 'default_model_filename';
        const fault = { line: lineOf(field, triton.lines), field, message };
        return this.#faults(`${this.#idModel}/config.pbtxt`, [fault], version);
      }
    }
    const file = `${directory}/${mlModel?.modelFilename ?? triton.modelFilename ?? 'model.onnx'}`;
    const found = await findModelFile(join(this.#root, file));
    if ('reason' in found) return this.#problem(`${file}: ${found.reason}`, version);
    const config = mlModel === undefined ? triton.config : mergeConfig(triton.config, mlModel, mlFile);
    this.versions.push({
      idModel: this.#idModel,
      version,
      modelPath: found.path,
      platform: 'onnxruntime_onnx',
      config,
    });
  }

  #faults(file: string, faults: readonly ConfigFault[], version?: string): undefined {
    for (const fault of faults) this.#problem(describeFault(file, fault), version);
  }

  #problem(message: string, version?: string): undefined {
    this.problems.push({ idModel: this.#idModel, ...(version !== undefined && { version }), message });
  }
}

/** What config.pbtxt says goes before what MLmodel says: it is written for serving. */
function mergeConfig(config: ModelConfig, { intraOpThreads }: MlModel, source: string): ModelConfig {
  return { source, ...(intraOpThreads !== undefined && { intraOpThreads }), ...config };
}
