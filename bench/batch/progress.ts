/** One line of progress for one batch, with a warning where it is not what it should be. */
import { type BatchSample, isDisturbed } from './measure-batch.ts';
import { PART_TITLES } from './options.ts';

export function sayBatch(say: (line: string) => void, sample: BatchSample): void {
  const { part, system, workers, round, total_s, requests_per_second, p99_ms, cores_busy } = sample;
  say(
    `round ${round}, ${PART_TITLES[part]}, ${system}, ${workers} workers: ${total_s.toFixed(2)} s, ` +
      `${requests_per_second.toFixed(1)} requests/s, p99 ${p99_ms?.toFixed(1) ?? '-'} ms`,
  );
  if (sample.errors > 0)
    say(`  !!! ${sample.errors} requests FAILED: ${JSON.stringify(sample.errors_by_kind)}`);
  if (isDisturbed(sample)) {
    const { others, stolen } = cores_busy;
    say(
      `  (disturbed: other programs kept ${others.toFixed(2)} cores busy, ${stolen.toFixed(2)} were withheld)`,
    );
  }
}
