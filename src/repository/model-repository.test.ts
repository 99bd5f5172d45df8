import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RepositoryError, type RepositoryScan, readModel, scanRepository } from './model-repository.ts';

const MLMODEL =
  'flavors:\n  onnx:\n    data: model.onnx\n    onnx_session_options:\n      intra_op_num_threads: 2\n';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'turntable-repository-'));
});

afterEach(() => rm(root, { recursive: true }));

/** Writes files by their path in the repository; a name that ends in a slash is a directory. */
async function write(...files: readonly (string | readonly [path: string, content: string | Uint8Array])[]) {
  for (const file of files) {
    const [path, content] = typeof file === 'string' ? [file, 'not looked into'] : file;
    if (path.endsWith('/')) {
      await mkdir(join(root, path), { recursive: true });
    } else {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }
}

/** `model:version`, as served. */
function served(scan: RepositoryScan): string[] {
  return scan.versions.map(({ idModel, version }) => `${idModel}:${version}`);
}

function messages(scan: RepositoryScan): string[] {
  return scan.problems.map(({ message }) => message);
}

describe('a repository in the layout of Triton', () => {
  it('needs no configuration', async () => {
    await write('fraud/1/model.onnx');
    expect(await scanRepository(root)).toEqual({
      versions: [
        {
          idModel: 'fraud',
          version: '1',
          modelPath: join(root, 'fraud/1/model.onnx'),
          platform: 'onnxruntime_onnx',
          config: {},
        },
      ],
      problems: [],
    });
  });

  it('gives every served version the configuration', async () => {
    const text =
      'name: "fraud" max_batch_size: 8 version_policy { all { } } default_model_filename: "parts/m.onnx"';
    await write(['fraud/config.pbtxt', text], 'fraud/1/parts/m.onnx', 'fraud/2/parts/m.onnx');
    const config = { maxBatchSize: 8, source: 'fraud/config.pbtxt' };
    expect(await scanRepository(root)).toMatchObject({
      versions: [
        { version: '1', modelPath: join(root, 'fraud/1/parts/m.onnx'), config },
        { version: '2', modelPath: join(root, 'fraud/2/parts/m.onnx'), config },
      ],
      problems: [],
    });
  });

  it('serves the latest version by default, by number and not by letter', async () => {
    await write('fraud/9/model.onnx', 'fraud/10/model.onnx', 'fraud/1/model.onnx');
    expect(served(await scanRepository(root))).toEqual(['fraud:10']);
  });

  it('sorts models by name and versions by number, whatever the order on disk', async () => {
    for (const name of ['b', 'a', 'C', '_', 'a.b', 'a-b']) {
      await write([`${name}/config.pbtxt`, 'version_policy { all { } }']);
      for (const version of ['10', '2', '1']) await write(`${name}/${version}/model.onnx`);
    }
    const names = ['C', '_', 'a', 'a-b', 'a.b', 'b'];
    const expected = names.flatMap((name) => ['1', '2', '10'].map((version) => `${name}:${version}`));
    expect(served(await scanRepository(root))).toEqual(expected);
  });

  it('passes over directories that are no versions, and files beside them', async () => {
    await write(
      'fraud/1/model.onnx',
      'fraud/01/x',
      'fraud/0/x',
      'fraud/v2/x',
      'fraud/-1/x',
      'fraud/warmup/x',
    );
    await write(
      'fraud/.2/x',
      'fraud/3',
      'fraud/labels.txt',
      'README.md',
      '.git/config',
      '.hidden/1/model.onnx',
    );
    const scan = await scanRepository(root);
    expect(served(scan)).toEqual(['fraud:1']);
    expect(scan.problems).toEqual([]);
  });

  it('reports a version of the policy that is not on disk and serves the others', async () => {
    const text = 'version_policy: {\n  specific: { versions: [ 1, 3 ] } }';
    await write(['fraud/config.pbtxt', text], 'fraud/1/model.onnx', 'fraud/2/model.onnx');
    const scan = await scanRepository(root);
    expect(served(scan)).toEqual(['fraud:1']);
    expect(scan.problems).toEqual([
      {
        idModel: 'fraud',
        version: '3',
        message:
          'fraud/config.pbtxt:2: version_policy.specific.versions: version 3 is not on disk: there is no directory fraud/3',
      },
    ]);
  });

  it('reports a version without its model file, and does not serve an older one in its place', async () => {
    await write('fraud/1/model.onnx', 'fraud/2/model.onnx.part');
    const scan = await scanRepository(root);
    expect(served(scan)).toEqual([]);
    expect(scan.problems).toEqual([
      { idModel: 'fraud', version: '2', message: 'fraud/2/model.onnx: does not exist' },
    ]);
  });

  it('reports a model without versions, and says where a loose file belongs', async () => {
    await write('empty/', 'loose/model.onnx');
    expect(messages(await scanRepository(root))).toEqual([
      'empty: has no version directory; expected empty/1/model.onnx or empty/MLmodel',
      'loose/model.onnx: must lie in a version directory: move it to loose/1/model.onnx',
    ]);
  });

  it('reports a bad model and serves the others', async () => {
    await write(
      'a/1/model.onnx',
      ['b/config.pbtxt', 'platform: "x"\nfoo: 1\nbar: 2'],
      'b/1/model.onnx',
      'c/1/model.onnx',
    );
    const scan = await scanRepository(root);
    expect(served(scan)).toEqual(['a:1', 'c:1']);
    expect(scan.problems).toEqual([
      {
        idModel: 'b',
        message: "b/config.pbtxt:2: foo: there is no such field in Triton's model configuration",
      },
      {
        idModel: 'b',
        message: "b/config.pbtxt:3: bar: there is no such field in Triton's model configuration",
      },
    ]);
  });

  it('takes a model of several files from a directory by the name of the model file', async () => {
    await write(
      'big/1/model.onnx/model.onnx',
      'big/1/model.onnx/weights.bin',
      'bad/1/model.onnx/',
      'odd/1/model.onnx/model.onnx/',
    );
    const scan = await scanRepository(root);
    expect(scan.versions.map(({ modelPath }) => modelPath)).toEqual([
      join(root, 'big/1/model.onnx/model.onnx'),
    ]);
    expect(messages(scan)).toEqual([
      'bad/1/model.onnx: is a directory without a file model.onnx in it',
      'odd/1/model.onnx: is not a regular file',
    ]);
  });

  it('follows links to models and versions, and reports those that lead nowhere', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'turntable-elsewhere-'));
    try {
      await mkdir(join(elsewhere, '7'));
      await writeFile(join(elsewhere, '7', 'model.onnx'), '');
      await symlink(elsewhere, join(root, 'linked'));
      await write('fraud/');
      await symlink(join(elsewhere, '7'), join(root, 'fraud', '1'));
      await write('dangling/1/model.onnx');
      await symlink('nowhere', join(root, 'dangling', '2'));
      await symlink('nowhere', join(root, 'gone'));
      const scan = await scanRepository(root);
      expect(served(scan)).toEqual(['fraud:1', 'linked:7']);
      expect(messages(scan)).toEqual(['dangling/2/model.onnx: does not exist', 'gone: does not exist']);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it.each<[string, string | Uint8Array, string]>([
    ['too large', 'x'.repeat(1024 * 1024 + 1), 'fraud/config.pbtxt: is larger than 1 MiB'],
    ['not text', Uint8Array.of(0xff, 0xfe, 0), 'fraud/config.pbtxt: is not UTF-8 text'],
    [
      'broken',
      'max_batch_size: 8\ninput [',
      'fraud/config.pbtxt:2: expected a value, found the end of the file',
    ],
  ])('reports a configuration that is %s', async (_how, content, message) => {
    await write('fraud/1/model.onnx', ['fraud/config.pbtxt', content]);
    const scan = await scanRepository(root);
    expect(scan).toEqual({ versions: [], problems: [{ idModel: 'fraud', message }] });
  });

  it('reports a directory where the configuration should be', async () => {
    await write('fraud/1/model.onnx', 'fraud/config.pbtxt/');
    expect(messages(await scanRepository(root))).toEqual([
      'fraud/config.pbtxt: is a directory; a file is expected',
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('reports what it may not read', async () => {
    await write('fraud/1/model.onnx');
    await chmod(join(root, 'fraud/1/model.onnx'), 0o000);
    expect(messages(await scanRepository(root))).toEqual([
      'fraud/1/model.onnx: cannot be read: permission denied',
    ]);
  });
});

describe('a repository in the layout of MLflow', () => {
  it('serves a model without version directories as version 1', async () => {
    await write(['churn/MLmodel', MLMODEL], 'churn/model.onnx', 'churn/conda.yaml');
    expect(await scanRepository(root)).toEqual({
      versions: [
        {
          idModel: 'churn',
          version: '1',
          modelPath: join(root, 'churn/model.onnx'),
          platform: 'onnxruntime_onnx',
          config: { intraOpThreads: 2, source: 'churn/MLmodel' },
        },
      ],
      problems: [],
    });
  });

  it('serves a saved model in a version directory as that version', async () => {
    await write(
      ['churn/4/MLmodel', MLMODEL.replace('data: model', 'data: sub/churn')],
      'churn/4/sub/churn.onnx',
    );
    await write('churn/3/model.onnx');
    expect(await scanRepository(root)).toMatchObject({
      versions: [{ version: '4', modelPath: join(root, 'churn/4/sub/churn.onnx') }],
      problems: [],
    });
  });

  it('lets config.pbtxt say how it is served', async () => {
    const threads = 'parameters { key: "intra_op_thread_count" value { string_value: "8" } }';
    await write(['churn/MLmodel', MLMODEL], 'churn/model.onnx');
    await write(['churn/config.pbtxt', `max_batch_size: 16 ${threads}`]);
    expect((await scanRepository(root)).versions[0]?.config).toEqual({
      maxBatchSize: 16,
      intraOpThreads: 8,
      source: 'churn/config.pbtxt',
    });
    await write(['churn/config.pbtxt', 'max_batch_size: 16']);
    expect((await scanRepository(root)).versions[0]?.config).toMatchObject({ intraOpThreads: 2 });
  });

  it('reports two files that name different model files', async () => {
    await write(
      ['churn/1/MLmodel', MLMODEL],
      ['churn/config.pbtxt', '\ndefault_model_filename: "churn.onnx"'],
    );
    await write('churn/1/model.onnx', 'churn/1/churn.onnx');
    expect(await scanRepository(root)).toEqual({
      versions: [],
      problems: [
        {
          idModel: 'churn',
          version: '1',
          message:
            'churn/config.pbtxt:2: default_model_filename: "churn.onnx" contradicts flavors.onnx.data of churn/1/MLmodel, "model.onnx"',
        },
      ],
    });
  });

  it('reports a saved model beside version directories, since either could be meant', async () => {
    await write(['churn/MLmodel', MLMODEL], 'churn/model.onnx', 'churn/2/model.onnx');
    expect(messages(await scanRepository(root))).toEqual([
      'churn/MLmodel: stands beside version directories (2); move it into the directory of its version',
    ]);
  });

  it('reports a model of another flavour', async () => {
    await write(['churn/MLmodel', 'flavors:\n  sklearn: {}\n'], 'churn/model.pkl');
    expect(await scanRepository(root)).toEqual({
      versions: [],
      problems: [
        {
          idModel: 'churn',
          version: '1',
          message: 'churn/MLmodel:1: flavors: has no onnx, only sklearn; save the model with mlflow.onnx',
        },
      ],
    });
  });
});

describe('a repository that holds something else', () => {
  it('reports model files that lie in the repository itself, and serves the models', async () => {
    await write('fraud.onnx', 'zoo/1/model.onnx');
    const scan = await scanRepository(root);
    expect(served(scan)).toEqual(['zoo:1']);
    expect(scan.problems).toEqual([
      {
        idModel: 'fraud',
        message: 'fraud.onnx: must lie in the directory of a model: move it to fraud/1/model.onnx',
      },
    ]);
  });

  it.each([['config.pbtxt'], ['MLmodel'], ['model.onnx']])(
    'reports that it is the directory of one model when it holds %s',
    async (name) => {
      await write(`fraud/${name}`, 'fraud/1/model.onnx');
      const scan = await scanRepository(join(root, 'fraud'));
      expect(scan.versions).toEqual([]);
      expect(scan.problems).toEqual([
        {
          idModel: 'fraud',
          message:
            `${name}: the repository looks like the directory of one model; name its parent instead ` +
            '(expected <repository>/<model>/<version>/model.onnx or <repository>/<model>/MLmodel)',
        },
      ]);
    },
  );

  it('reports directories whose names no model can have', async () => {
    await write('my model/1/model.onnx', 'fraud/1/model.onnx');
    const scan = await scanRepository(root);
    expect(served(scan)).toEqual(['fraud:1']);
    expect(scan.problems).toEqual([
      {
        idModel: 'my model',
        message:
          '"my model" cannot be served: a model name is 1 to 128 of the characters A-Z a-z 0-9 . _ - and does not start with a dot',
      },
    ]);
  });

  it('is content with an empty directory', async () => {
    expect(await scanRepository(root)).toEqual({ versions: [], problems: [] });
  });

  it('throws when it is not there or is no directory, and says what to do', async () => {
    const missing = join(root, 'missing');
    const error = await scanRepository(missing).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RepositoryError);
    expect(error).toMatchObject({
      code: 'REPOSITORY_UNREADABLE',
      root: missing,
      message: `model repository ${missing} does not exist; name the directory that holds one directory for each model (<repository>/<model>/<version>/model.onnx or <repository>/<model>/MLmodel)`,
    });
    await write('file');
    await expect(readModel(join(root, 'file'), 'fraud')).rejects.toThrow(/file is not a directory; name/);
  });
});

describe('reading one model', () => {
  it('gives that model alone', async () => {
    await write('fraud/1/model.onnx', 'other/1/model.onnx');
    expect(served(await readModel(root, 'fraud'))).toEqual(['fraud:1']);
  });

  it('takes a relative root', async () => {
    await write('fraud/1/model.onnx');
    const [version] = (await readModel(relative(process.cwd(), root), 'fraud')).versions;
    expect(version?.modelPath).toBe(join(root, 'fraud/1/model.onnx'));
  });

  it('reports a model that is not there', async () => {
    await write('file');
    const problem = { idModel: 'fraud', message: 'fraud: does not exist' };
    expect(await readModel(root, 'fraud')).toEqual({ versions: [], problems: [problem], exists: false });
    expect(messages(await readModel(root, 'file'))).toEqual(['file: is not a directory']);
  });

  it('does not leave the repository, whatever the name', async () => {
    await write('inner/fraud/1/model.onnx', 'other/1/model.onnx', 'inner/.hidden/1/model.onnx');
    for (const name of [
      '../other',
      '..',
      '.',
      '',
      '.hidden',
      'fraud/../../other',
      join(root, 'other'),
      'a\0b',
      'fraud\n',
    ]) {
      const scan = await readModel(join(root, 'inner'), name);
      expect(scan.versions).toEqual([]);
      expect(scan.problems).toHaveLength(1);
      expect(scan.problems[0]?.message).toMatch(/^".*" cannot be served: a model name is/);
    }
  });
});
