/** The commands that run something: all in one process, or a gateway, a worker, a controller of its own. */
import { type Command, Option } from 'commander';
import { environmentName, flagName } from '../config/load-config.ts';
import { type Role, settingsOf } from '../config/server-config.ts';

type Flags = Readonly<Record<string, unknown>>;

const REPOSITORY_HELP = 'directory of models: <model>/<version>/model.onnx';
const DEFAULT_REPOSITORY = 'models';

const LOGS = `
Logs go to standard error: JSON, or text where that is a terminal
[env: TURNTABLE_LOG_FORMAT=json|text, TURNTABLE_LOG_LEVEL=debug|info|warn|error|silent].
`;

const TABLE = `
The table is shared by URL: redis://[user:password@]host[:port][/db], rediss:// for TLS,
redis+unix:///path, redis+sentinel://host,host/name, redis+cluster://host,host.
A password is better given by TURNTABLE_TABLE: a command line can be seen by others.
`;

export function addRoleCommands(program: Command): void {
  role(program, 'serve', 'serve all models of a repository: gateway and controller in one process')
    .argument('[repository]', REPOSITORY_HELP, DEFAULT_REPOSITORY)
    .addHelpText(
      'after',
      `${LOGS}
Examples:
  turntable serve ./models
  turntable serve ./models --port 9000 --replicas 4
  turntable serve ./models --host 0.0.0.0 --access-log
  turntable serve ./models --table redis://10.0.0.5`,
    )
    .action(async (repository: string, flags: Flags) => {
      // Only here, as below: the commands that ask a running server need none of it.
      const { serve } = await import('./serve.ts');
      await serve(repository, flags);
    });

  role(program, 'gateway', 'take requests for all models in a shared table')
    .addHelpText(
      'after',
      `${TABLE}${LOGS}
Examples:
  turntable gateway --table redis://10.0.0.5
  turntable gateway --table redis+unix:///run/redis.sock --port 9000 --host 0.0.0.0`,
    )
    .action(async (flags: Flags) => {
      const { runGateway } = await import('./gateway.ts');
      await runGateway(flags);
    });

  role(program, 'controller', 'keep the workers of a repository as they should be, by a shared table')
    .argument('[repository]', REPOSITORY_HELP, DEFAULT_REPOSITORY)
    .addHelpText(
      'after',
      `
One controller acts, the others stand by and take over when it ends. All read the same repository.
${TABLE}${LOGS}
Examples:
  turntable controller ./models --table redis://10.0.0.5
  turntable controller ./models --table redis://10.0.0.5 --worker-host 0.0.0.0 --replicas 4`,
    )
    .action(async (repository: string, flags: Flags) => {
      const { runController } = await import('./controller.ts');
      await runController(repository, flags);
    });

  role(program, 'worker', 'serve one version of one model, registered in a shared table')
    .argument('<model>', 'the model, or model/version; without a version the highest that is served')
    .option('--repository <dir>', REPOSITORY_HELP, DEFAULT_REPOSITORY)
    .addHelpText(
      'after',
      `
No controller keeps such a worker: whoever starts it restarts it.
${TABLE}${LOGS}
Examples:
  turntable worker fraud --repository ./models --table redis://10.0.0.5
  turntable worker fraud/2 --table redis://10.0.0.5 --host 0.0.0.0 --port 7000 --advertise gpu1.example`,
    )
    .action(async (model: string, { repository, ...flags }: Flags & { repository: string }) => {
      const { runWorker } = await import('./worker.ts');
      await runWorker(model, repository, flags);
    });

  role(program, 'attach', 'have gateways use a server of the Open Inference Protocol that is there already')
    .argument('<url>', 'the server: http://host:port, or with the path to post inference requests to')
    .addHelpText(
      'after',
      `
For Triton, MLServer, KServe, another Turntable, or whatever answers POST /v2/models/NAME/infer. This process puts
the server into the table as a worker, gives signs of life for as long as GET /v2/health/ready answers 200 there, and
takes it out again when it is ended. Requests go from the gateways to the server, not through this process.
${TABLE}${LOGS}
Examples:
  turntable attach http://triton.example:8000 --model resnet --table redis://10.0.0.5
  turntable attach http://10.0.0.7:8000/v2/models/resnet/versions/3/infer --model resnet --model-version 3 --slots 8
  turntable attach http://10.0.0.8:5000/predict --model scores --not-idempotent --table redis://10.0.0.5`,
    )
    .action(async (url: string, flags: Flags) => {
      const { runAttach } = await import('./attach.ts');
      await runAttach(url, flags);
    });
}

/** What tells where a process of ours is to be found. */
const WHEREABOUTS: readonly string[] = ['table', 'tablePrefix', 'port', 'host'];

/** `turntable health ROLE` for each role, with those of its settings that say where it is to be found. */
export function addHealthCommand(program: Command): void {
  const health = program
    .command('health')
    .description('whether the process of a role on this machine is well, for container health checks')
    .addHelpText(
      'after',
      `
A gateway is well when it answers, a worker when its model is loaded and it answers, a controller when it
gives signs of life in the table, or while the table is away. Exit code 0 says that it is well.

Examples:
  turntable health gateway --port 9000
  turntable health worker --port 7000
  turntable health controller --table redis://10.0.0.5`,
    )
    .exitOverride();
  for (const name of ['serve', 'gateway', 'controller', 'worker'] as const) {
    role(health, name, `whether "turntable ${name}" is well`, WHEREABOUTS).action(async (flags: Flags) => {
      const { checkHealth } = await import('./health.ts');
      await checkHealth(name, flags);
    });
  }
}

/** A command with the settings of a role as its options: all, or those of certain keys. */
function role(program: Command, name: Role, description: string, keys?: readonly string[]): Command {
  const command = program.command(name).description(description).exitOverride();
  for (const [key, setting] of settingsOf(name)) {
    if (keys && !keys.includes(key)) continue;
    const value = setting.kind === 'boolean' ? '' : ` <${setting.unit}>`;
    const byDefault = setting.default === '' ? '' : `default: ${setting.default}, `;
    const help = `${setting.help} (${byDefault}env: ${environmentName(key)})`;
    command.addOption(new Option(flagName(key) + value, help));
  }
  return command;
}
