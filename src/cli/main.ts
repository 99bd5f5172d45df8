#!/usr/bin/env node
/** The `turntable` command. */
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, environmentName, flagName } from '../config/load-config.ts';
import { TurntableError } from '../turntable-error.ts';
import { EXIT } from './exit-code.ts';
import { infer } from './infer.ts';
import { listModels } from './models.ts';
import { PACKAGE_VERSION } from './package-version.ts';
import { listWorkers } from './workers.ts';

/** Settings of `serve` with a flag, in the order of `--help`: field of the configuration, value, what it does. */
const SERVE_SETTINGS: readonly (readonly [key: string, value: string, help: string])[] = [
  ['port', 'number', 'port to listen on, 0 for any free one (default: 8080)'],
  ['host', 'address', 'address to listen on; 0.0.0.0 opens it to the network (default: 127.0.0.1)'],
  ['replicas', 'number', 'workers of each model that does not say otherwise (default: 2)'],
  ['maxBodyBytes', 'bytes', 'longest request body (default: 64 MiB)'],
  ['maxBufferedBytes', 'bytes', 'request bodies held at once, all together (default: 1 GiB)'],
  ['maxInFlight', 'number', 'requests under way at once (default: 20000)'],
  ['maxWaiting', 'number', 'requests that may wait for the workers of one model version (default: 10000)'],
  ['maxWaitMs', 'ms', 'how long a request may wait for a worker (default: 10000)'],
  ['requestTimeoutMs', 'ms', 'how long a request may take in all (default: 60000)'],
  ['receiveTimeoutMs', 'ms', 'how long a request may take to come in (default: 60000)'],
  ['headersTimeoutMs', 'ms', 'how long the head of a request may take to come in (default: 10000)'],
  ['keepAliveMs', 'ms', 'how long an idle connection is kept (default: 75000)'],
  ['maxConnections', 'number', 'connections at once (default: 16384)'],
  ['heartbeatMs', 'ms', 'how often workers give a sign of life (default: 1000)'],
  ['silentMs', 'ms', 'a worker silent for this long is in ERROR (default: 3000)'],
  ['errorGraceMs', 'ms', 'a worker in ERROR for this long is killed and replaced (default: 30000)'],
  ['startTimeoutMs', 'ms', 'a worker not ready after this long is killed and replaced (default: 300000)'],
  ['drainMs', 'ms', 'how long shutting down may take to finish what is under way (default: 30000)'],
];

const program = new Command('turntable')
  .description('Serves trained models: a gateway, a process control table and workers.')
  .version(PACKAGE_VERSION)
  .exitOverride()
  .showHelpAfterError('(turntable --help shows what there is)');

const serveCommand = program
  .command('serve')
  .description('serve all models of a repository on this machine')
  .argument('[repository]', 'directory of models: <model>/<version>/model.onnx', 'models')
  .exitOverride();
for (const [key, value, help] of SERVE_SETTINGS) {
  serveCommand.addOption(new Option(`${flagName(key)} <${value}>`, `${help} [env: ${environmentName(key)}]`));
}
serveCommand
  .option('--access-log', `log every request [env: ${environmentName('accessLog')}]`)
  .addHelpText(
    'after',
    `
Logs go to standard error: JSON, or text where that is a terminal
[env: TURNTABLE_LOG_FORMAT=json|text, TURNTABLE_LOG_LEVEL=debug|info|warn|error|silent].

Examples:
  turntable serve ./models
  turntable serve ./models --port 9000 --replicas 4
  turntable serve ./models --host 0.0.0.0 --access-log`,
  )
  .action(async (repository: string, flags: Record<string, unknown>) => {
    // Only here: the commands that ask a running server need none of it.
    const { serve } = await import('./serve.ts');
    await serve(repository, flags);
  });

const server = () =>
  new Option('--server <url>', 'the running server').env('TURNTABLE_SERVER').default('http://127.0.0.1:8080');

program
  .command('models')
  .description('list the models of a running server')
  .addOption(server())
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    '\nExamples:\n  turntable models\n  turntable models --json --server http://gpu1:8080',
  )
  .exitOverride()
  .action(listModels);

program
  .command('workers')
  .description('show the process control table of a running server')
  .addOption(server())
  .option('--json', 'print JSON; with --watch one line each time')
  .option('--watch', 'show it again every second until interrupted')
  .addHelpText(
    'after',
    '\nExamples:\n  turntable workers\n  turntable workers --watch\n  turntable workers --json',
  )
  .exitOverride()
  .action(listWorkers);

program
  .command('infer')
  .description('send one inference request to a running server')
  .argument('<model>', 'the model, or model/version')
  .requiredOption('--input <file>', 'JSON request of the Open Inference Protocol, - for standard input')
  .addOption(server())
  .option('--json', 'print the answer as the server gave it')
  .addHelpText(
    'after',
    `
Examples:
  turntable infer fraud --input examples/requests/fraud.json
  echo '{"inputs":[…]}' | turntable infer fraud/1 --input - --json`,
  )
  .exitOverride()
  .action(infer);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof ConfigError) {
    process.stderr.write(`turntable: ${error.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof TurntableError) {
    process.stderr.write(`turntable: ${error.message}\n`);
    return error.code === 'UNREACHABLE' ? EXIT.unreachable : EXIT.failed;
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    process.stderr.write(
      `turntable: ${message}: another program listens there; choose another with --port\n`,
    );
    return EXIT.failed;
  }
  process.stderr.write(`turntable: ${code === undefined ? stack : message}\n`);
  return EXIT.failed;
}
