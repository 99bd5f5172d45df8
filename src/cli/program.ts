/** The commands of `turntable` and their options. */
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, environmentName, flagName } from '../config/load-config.ts';
import { SERVER_SETTINGS } from '../config/server-config.ts';
import { TurntableError } from '../turntable-error.ts';
import { EXIT } from './exit-code.ts';
import { infer } from './infer.ts';
import { listModels } from './models.ts';
import { PACKAGE_VERSION } from './package-version.ts';
import { listWorkers } from './workers.ts';

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
for (const [key, setting] of Object.entries(SERVER_SETTINGS)) {
  const value = setting.kind === 'boolean' ? '' : ` <${setting.unit}>`;
  const help = `${setting.help} (default: ${setting.default}, env: ${environmentName(key)})`;
  serveCommand.addOption(new Option(flagName(key) + value, help));
}
serveCommand
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

// `turntable workers --watch | head` ends when head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});

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
