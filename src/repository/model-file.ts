/** Finds the file that a version's model is loaded from. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeIoError } from './bounded-file.ts';

/**
 * As in Triton, a directory by the name of the model file holds a model of several files, whose main one is
 * model.onnx. Never throws; does not look inside the file.
 */
export async function findModelFile(
  path: string,
): Promise<{ readonly path: string } | { readonly reason: string }> {
  try {
    let stats = await stat(path);
    if (stats.isDirectory()) {
      path = join(path, 'model.onnx');
      const inner = await stat(path).catch(() => undefined);
      if (inner === undefined) return { reason: 'is a directory without a file model.onnx in it' };
      stats = inner;
    }
    if (!stats.isFile()) return { reason: 'is not a regular file' };
    await access(path, constants.R_OK);
    return { path };
  } catch (error) {
    return { reason: describeIoError(error) };
  }
}
