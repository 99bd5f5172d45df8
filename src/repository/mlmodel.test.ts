import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFault } from './config-fault.ts';
import { readMlModel } from './mlmodel.ts';

/** Written by mlflow.onnx.save_model of MLflow 3.17.2. */
const SAVED = `flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_session_options:
      execution_mode: sequential
      extra_session_config:
        session.intra_op.allow_spinning: '0'
      graph_optimization_level: 99
      intra_op_num_threads: 2
    onnx_version: 1.23.2
    providers:
    - CUDAExecutionProvider
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.onnx
    python_version: 3.11.7
is_signature_from_type_hint: false
metadata:
  t: 1
mlflow_version: 3.17.2
model_id: null
model_size_bytes: 75
model_uuid: 217f586b35694230bc1f03bd46ce970c
prompts: null
signature:
  inputs: '[{"type": "any", "required": true}]'
  outputs: '[{"type": "any", "required": true}]'
  params: null
type_hint_from_example: false
utc_time_created: '2026-11-21 21:24:00.856212'
`;

function faultsOf(text: string): string[] {
  const read = readMlModel(text);
  return 'faults' in read ? read.faults.map((fault) => describeFault('m/MLmodel', fault)) : [];
}

const flavour = (fields: string): string => `flavors:\n  onnx:\n    ${fields.replaceAll('\n', '\n    ')}\n`;

describe('MLmodel', () => {
  it('reads what MLflow writes', () => {
    expect(readMlModel(SAVED)).toEqual({ modelFilename: 'model.onnx', intraOpThreads: 2 });
  });

  it('takes model.onnx and no threads where nothing is said', () => {
    expect(readMlModel(flavour('code: null\nonnx_session_options: null'))).toEqual({
      modelFilename: 'model.onnx',
    });
    expect(readMlModel('flavors: { onnx: {} }')).toEqual({ modelFilename: 'model.onnx' });
    expect(readMlModel(flavour('onnx_version: 1.20\nextra_files:\n- path: extra_files/a.txt'))).toEqual({
      modelFilename: 'model.onnx',
    });
  });

  it('accepts metadata that it does not know, and aliases as PyYAML writes them', () => {
    expect(readMlModel(`later: [&a {x: 1}, *a]\n${SAVED}`)).toMatchObject({ modelFilename: 'model.onnx' });
  });

  it.each([
    [
      'flavors:\n  sklearn: {}\n  python_function: {}\n',
      '1: flavors: has no onnx, only sklearn, python_function; save the model with mlflow.onnx',
    ],
    ['flavors: {}\n', '1: flavors: has no onnx, only nothing; save the model with mlflow.onnx'],
    ['mlflow_version: 3.17.2\n', ' flavors: is missing, or not a mapping'],
    ['a: 1\nflavors: onnx\n', '2: flavors: is missing, or not a mapping'],
    ['', ' flavors: is missing, or not a mapping'],
    ['- 1', ' flavors: is missing, or not a mapping'],
    ['flavors:\n  onnx:\n', '2: flavors.onnx: Invalid input: expected object, received null'],
    [
      flavour('data: model.onnx\nopset: 17'),
      '4: flavors.onnx.opset: there is no such field in the onnx flavour of MLflow',
    ],
    [
      flavour('onnx_session_options:\n  intra_op_threads: 1'),
      '4: flavors.onnx.onnx_session_options.intra_op_threads: there is no such field in the onnx flavour of MLflow',
    ],
    [
      flavour('onnx_session_options:\n  intra_op_num_threads: many'),
      '4: flavors.onnx.onnx_session_options.intra_op_num_threads: Invalid input: expected number, received string',
    ],
    [
      flavour('onnx_session_options:\n  intra_op_num_threads: -1'),
      '4: flavors.onnx.onnx_session_options.intra_op_num_threads: Too small: expected number to be >=0',
    ],
    [flavour('data: 7'), '3: flavors.onnx.data: Invalid input: expected string, received number'],
    [
      flavour('code: null\ndata: ../../other/model.onnx'),
      '4: flavors.onnx.data: "../../other/model.onnx" must not lead out of the directory of the model',
    ],
    [
      flavour('data: /etc/passwd'),
      '3: flavors.onnx.data: "/etc/passwd" must be relative to the directory of the model',
    ],
    [flavour('data: a\ndata: b'), '4: is not valid YAML: Map keys must be unique'],
    ['flavors:\n  onnx:\n   data: "open\n', '4: is not valid YAML: Missing closing \\"quote'],
    ['a: *b', ' is not valid YAML: Unresolved alias (the anchor must be set before the alias): b'],
    ['a: 1\n---\nb: 2', '2: holds more than one YAML document'],
    [`a: ${'['.repeat(5000)}${']'.repeat(5000)}`, '1: is nested too deeply'],
  ])('refuses %j', (text, fault) => {
    expect(faultsOf(text)).toEqual([`m/MLmodel:${fault}`]);
  });

  it('refuses a file that grows a billion times when its aliases are followed', () => {
    const levels = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [upper, lower] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg', 'ih']) {
      levels.push(`${upper}: &${upper} [${Array(9).fill(`*${lower}`).join(', ')}]`);
    }
    expect(faultsOf(levels.join('\n'))).toEqual([
      'm/MLmodel: is not valid YAML: Excessive alias count indicates a resource exhaustion attack',
    ]);
  });

  it.each([
    ['closing brackets', ']'.repeat(1 << 20)],
    ['commas', `[${','.repeat(1 << 20)}`],
    [
      'anchors',
      Array.from({ length: 40_000 }, (_, index) => `k${index}: &a${index} 1\nj${index}: *a${index}`).join(
        '\n',
      ),
    ],
    ['keys', Array.from({ length: 80_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['as many keys as may be', Array.from({ length: 5_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['as many brackets as may be', ']'.repeat(29_000)],
    [
      'as many anchors as may be',
      Array.from({ length: 2_000 }, (_, index) => `k${index}: &a${index} 1\nj${index}: *a${index}`).join(
        '\n',
      ),
    ],
    ['open braces', '{a: '.repeat(1 << 18)],
    ['tags', '! '.repeat(1 << 19)],
  ])('answers in a moment to a file of %s', (_what, text) => {
    const start = performance.now();
    expect(faultsOf(text)).toHaveLength(1);
    // About a second. Without the bound on tokens, the anchors alone take over a minute.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('survives every mutation of a file', () => {
    const mutation = fc.record({
      at: fc.nat(SAVED.length),
      remove: fc.nat(30),
      insert: fc.string({ maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const text = mutations.reduce(
          (mutated, { at, remove, insert }) => mutated.slice(0, at) + insert + mutated.slice(at + remove),
          SAVED,
        );
        for (const fault of faultsOf(text)) expect(fault).not.toContain('\n');
      }),
      { numRuns: 1000 },
    );
  });
});
