/** One line of progress for one sample, with a warning where the sample is not what it should be. */
import { isDisturbed, type LoadSample } from '../support/measure-load.ts';

export function sayLoad(say: (line: string) => void, sample: LoadSample, what: string): void {
  const { requests_per_second, p50_us, p99_us, cpu_us_per_request, cores_busy } = sample;
  say(
    `  ${what}: ${Math.round(requests_per_second)} requests/s, p50 ${p50_us} us, p99 ${p99_us} us, ` +
      `${cpu_us_per_request.toFixed(1)} us CPU a request`,
  );
  if (sample.failed > 0)
    say(`  !!! ${sample.failed} requests FAILED: ${JSON.stringify(sample.failed_by_kind)}`);
  if (isDisturbed(sample)) {
    const { others, stolen } = cores_busy;
    say(
      `  (disturbed: other programs kept ${others.toFixed(2)} cores busy, ${stolen.toFixed(2)} were withheld)`,
    );
  }
}
