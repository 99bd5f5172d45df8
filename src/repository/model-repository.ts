/** Reads a repository of models on disk, in Triton's and MLflow's layouts. Nothing here loads a model. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { TurntableError } from '../turntable-error.ts';
import { describeIoError } from './bounded-file.ts';
import { printable, quote } from './config-fault.ts';
import { readModelDirectory } from './model-directory.ts';
import { isModelName, isVersionName, MODEL_NAME_RULE } from './names.ts';
import type { ModelVersion, RepositoryProblem, RepositoryScan } from './repository-scan.ts';

export type { ModelVersion, RepositoryProblem, RepositoryScan };

const LAYOUT = '<repository>/<model>/<version>/model.onnx or <repository>/<model>/MLmodel';

/** In a repository itself, these say that it is a model instead. */
const MODEL_FILES = ['config.pbtxt', 'MLmodel', 'model.onnx'];

/** The repository itself cannot be read, so that nothing can be said of any model. */
export class RepositoryError extends TurntableError<'REPOSITORY_UNREADABLE'> {
  readonly root: string;

  constructor(root: string, reason: string, options?: { cause?: unknown }) {
    const advice = `name the directory that holds one directory for each model (${LAYOUT})`;
    super('REPOSITORY_UNREADABLE', `model repository ${root} ${reason}; ${advice}`, options);
    this.root = root;
  }
}

/**
 * All models. One that cannot be served is reported and the others come.
 * @throws RepositoryError
 */
export async function scanRepository(root: string): Promise<RepositoryScan> {
  const absoluteRoot = resolve(root);
  const names = (await listRoot(root)).toSorted(byCodeUnit);
  const isModelItself = MODEL_FILES.some((name) => names.includes(name));
  const versions: ModelVersion[] = [];
  const problems: RepositoryProblem[] = [];
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const isDirectory = await stat(join(absoluteRoot, name)).then(
      (stats) => stats.isDirectory(),
      // A link to nothing may have been a model; reading it will say so.
      () => true,
    );
    if (!isDirectory) {
      const problem = misplacedFile(name, absoluteRoot);
      if (problem !== undefined) problems.push(problem);
    } else if (!(isModelItself && isVersionName(name))) {
      const model = await readModelIn(absoluteRoot, name);
      versions.push(...model.versions);
      problems.push(...model.problems);
    }
  }
  return { versions, problems: problems.sort((a, b) => byCodeUnit(a.idModel, b.idModel)) };
}

/**
 * One model, for a request to load it. A model that is not there, or a name that is none, is a problem too, and
 * `exists` is false.
 * @throws RepositoryError
 */
export async function readModel(
  root: string,
  idModel: string,
): Promise<RepositoryScan & { readonly exists: boolean }> {
  const names = await listRoot(root);
  const scan = await readModelIn(resolve(root), idModel);
  return { ...scan, exists: isModelName(idModel) && names.includes(idModel) };
}

async function readModelIn(root: string, idModel: string): Promise<RepositoryScan> {
  // Before the name touches the file system: it may come from a client and lead out of the repository.
  if (isModelName(idModel)) return readModelDirectory(root, idModel);
  return {
    versions: [],
    problems: [{ idModel, message: `${quote(idModel)} cannot be served: ${MODEL_NAME_RULE}` }],
  };
}

async function listRoot(root: string): Promise<readonly string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    throw new RepositoryError(root, describeIoError(error), { cause: error });
  }
}

/** Other files, such as a README, are nobody's business; these were meant to be a model. */
function misplacedFile(name: string, root: string): RepositoryProblem | undefined {
  if (MODEL_FILES.includes(name)) {
    const message = `${name}: the repository looks like the directory of one model; name its parent instead (expected ${LAYOUT})`;
    return { idModel: basename(root), message };
  }
  if (!name.endsWith('.onnx')) return undefined;
  const idModel = name.slice(0, -'.onnx'.length);
  return {
    idModel,
    message: `${printable(name)}: must lie in the directory of a model: move it to ${printable(idModel)}/1/model.onnx`,
  };
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
