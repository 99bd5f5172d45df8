/** Runs a benchmark as a command: help, the orderly way out of a signal, one line and exit code 1 when it fails. */

export interface Benchmark<Options> {
  /** As it is called, such as `bench:table`. */
  readonly name: string;
  readonly help: string;
  /** Null when help is asked for. @throws with what is wrong */
  readonly readOptions: (args: readonly string[]) => Options | null;
  readonly main: (options: Options, signal: AbortSignal) => Promise<void>;
}

export async function runBenchmark<Options>(benchmark: Benchmark<Options>): Promise<void> {
  const { name, help, readOptions, main } = benchmark;
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The second time the orderly way has taken too long; what still lives is killed on exit.
      if (interrupted.signal.aborted) process.exit(1);
      interrupted.abort(new Error(`stopped by ${signal}`));
    });
  }
  try {
    const options = readOptions(process.argv.slice(2));
    if (options === null) process.stdout.write(`${help}\n`);
    else await main(options, interrupted.signal);
  } catch (error) {
    const reason = interrupted.signal.aborted ? interrupted.signal.reason : error;
    process.stderr.write(`${name}: ${reason instanceof Error ? reason.message : reason}\n`);
    // Not only its code: what was still starting when something else failed would go on, and is killed on exit.
    process.exit(1);
  }
}
