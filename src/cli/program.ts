/** The `turntable` command: all that it can do, and the exit codes that it ends with. */
import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/load-config.ts';
import { TurntableError } from '../turntable-error.ts';
import { EXIT } from './exit-code.ts';
import { infer } from './infer.ts';
import { listModels } from './models.ts';
import { PACKAGE_VERSION } from './package-version.ts';
import { addHealthCommand, addRoleCommands } from './role-commands.ts';
import { listWorkers } from './workers.ts';

const program = new Command('turntable')
  .description('Serves trained models: a gateway, a process control table and workers.')
  .version(PACKAGE_VERSION)
  .exitOverride()
  .showHelpAfterError('(turntable --help shows what there is)');

addRoleCommands(program);

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

addHealthCommand(program);

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
