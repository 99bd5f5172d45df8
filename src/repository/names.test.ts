import { describe, expect, it } from 'vitest';
import { isModelName, isVersionName, pathFault } from './names.ts';

describe('names', () => {
  it.each(['fraud', 'a', 'Fraud-2.1_x', '_x', '-x', '1', 'a'.repeat(128)])('takes %s for a model', (name) => {
    expect(isModelName(name)).toBe(true);
  });

  it.each(['', '.', '..', '.git', '../x', 'a/b', 'a\\b', 'a b', 'é', 'a\n', 'a\0', 'a'.repeat(129)])(
    'does not take %j for a model',
    (name) => {
      expect(isModelName(name)).toBe(false);
    },
  );

  it('takes positive integers within 63 bits for versions', () => {
    for (const name of ['1', '10', '20261121093000', '9'.repeat(18)]) expect(isVersionName(name)).toBe(true);
    for (const name of ['0', '01', '-1', '+1', '1.0', '1e3', 'v1', ' 1', '1\n', '', '.1', '9'.repeat(19)]) {
      expect(isVersionName(name)).toBe(false);
    }
  });

  it.each([
    ['', 'is empty'],
    ['/model.onnx', 'must be relative to the directory of the model'],
    ['C:\\model.onnx', 'must be relative to the directory of the model'],
    ['../model.onnx', 'must not lead out of the directory of the model'],
    ['a/../../model.onnx', 'must not lead out of the directory of the model'],
    ['a\\..\\model.onnx', 'must not lead out of the directory of the model'],
    ['..', 'must not lead out of the directory of the model'],
    ['model.onnx\0.txt', 'contains a control character'],
    ['a'.repeat(2000), 'is too long'],
  ])('does not open %j', (path, fault) => {
    expect(pathFault(path)).toBe(fault);
  });

  it.each(['model.onnx', 'parts/model.onnx', '..model.onnx', 'my model.onnx'])('opens %s', (path) => {
    expect(pathFault(path)).toBeUndefined();
  });
});
