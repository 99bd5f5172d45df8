/** All benchmarks, in the order in which they run and stand in the report. */
import { faultsSection } from '../faults/section.ts';
import { overheadSection } from '../overhead/section.ts';
import type { Section } from '../report/section.ts';
import { scalingSection } from '../scaling/section.ts';
import { tableSection } from '../table/section.ts';

export interface Scenario {
  /** Of `bench/NAME.ts`, of the npm script `bench:NAME`, and of the result `NAME.json`. */
  readonly name: string;
  readonly about: string;
  /** What it takes on two cores, programs installed; for the time that is left, and no limit. */
  readonly fullSeconds: number;
  readonly quickSeconds: number;
  /** Makes the report's section of a result that this scenario wrote, perhaps long ago. */
  readonly section: (report: unknown) => Section;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    ...{ name: 'overhead', about: 'throughput, latency, CPU and memory beside NGINX' },
    ...{ fullSeconds: 180, quickSeconds: 25, section: of(overheadSection) },
  },
  {
    ...{ name: 'table', about: 'what the control table on Redis costs' },
    ...{ fullSeconds: 480, quickSeconds: 25, section: of(tableSection) },
  },
  {
    ...{ name: 'faults', about: 'workers that die, hang, slow down or lie, and overload' },
    ...{ fullSeconds: 300, quickSeconds: 25, section: of(faultsSection) },
  },
  {
    ...{ name: 'scaling', about: 'what more threads of a gateway bring' },
    ...{ fullSeconds: 200, quickSeconds: 25, section: of(scalingSection) },
  },
];

/** A result is read from a file of that scenario's name, so its shape is what that scenario writes. */
function of<Report>(section: (report: Report) => Section): Scenario['section'] {
  return (report) => section(report as Report);
}
