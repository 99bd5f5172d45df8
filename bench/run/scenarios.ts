/** All benchmarks, in the order in which they run and stand in the report. */
import { batchSection } from '../batch/section.ts';
import { controlCostSection } from '../control-cost/section.ts';
import { distributionSection } from '../distribution/section.ts';
import { failureSection } from '../failure/section.ts';
import { faultsSection } from '../faults/section.ts';
import { limitSection } from '../limit/section.ts';
import { longRunSection } from '../long-run/section.ts';
import { overheadSection } from '../overhead/section.ts';
import type { Section } from '../report/section.ts';
import { scalingSection } from '../scaling/section.ts';
import { serversSection } from '../servers/section.ts';
import { tableSection } from '../table/section.ts';
import { unequalSection } from '../unequal/section.ts';
import { usersSection } from '../users/section.ts';

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
    ...{ name: 'users', about: 'p50, p90, p99 and throughput by concurrent users, beside the proxies' },
    ...{ fullSeconds: 780, quickSeconds: 16, section: of(usersSection) },
  },
  {
    ...{ name: 'distribution', about: 'how evenly requests are spread over equal workers' },
    ...{ fullSeconds: 1_140, quickSeconds: 28, section: of(distributionSection) },
  },
  {
    ...{ name: 'failure', about: 'a worker that dies: detection, recovery and failed requests' },
    ...{ fullSeconds: 830, quickSeconds: 20, section: of(failureSection) },
  },
  {
    ...{ name: 'batch', about: '3000 requests at 100 concurrent, on 2, 4 and 6 workers' },
    ...{ fullSeconds: 480, quickSeconds: 28, section: of(batchSection) },
  },
  {
    ...{ name: 'unequal', about: 'workers of different speed, and bursts' },
    ...{ fullSeconds: 550, quickSeconds: 16, section: of(unequalSection) },
  },
  {
    ...{ name: 'control-cost', about: 'CPU per request by part, table operations, and memory' },
    ...{ fullSeconds: 540, quickSeconds: 28, section: of(controlCostSection) },
  },
  {
    ...{ name: 'limit', about: 'throughput over that of ONNX Runtime alone' },
    ...{ fullSeconds: 240, quickSeconds: 15, section: of(limitSection) },
  },
  {
    ...{ name: 'scaling', about: 'what more threads of a gateway bring' },
    ...{ fullSeconds: 210, quickSeconds: 16, section: of(scalingSection) },
  },
  {
    ...{ name: 'long-run', about: '15 minutes at 70 % load, with a worker killed each minute' },
    ...{ fullSeconds: 960, quickSeconds: 22, section: of(longRunSection) },
  },
  {
    ...{ name: 'overhead', about: 'throughput, latency, CPU and memory beside NGINX' },
    ...{ fullSeconds: 180, quickSeconds: 20, section: of(overheadSection) },
  },
  {
    ...{ name: 'servers', about: 'other model servers, and the published design' },
    ...{ fullSeconds: 940, quickSeconds: 28, section: of(serversSection) },
  },
  {
    ...{ name: 'table', about: 'what the control table on Redis costs' },
    ...{ fullSeconds: 480, quickSeconds: 16, section: of(tableSection) },
  },
  {
    ...{ name: 'faults', about: 'workers that die, hang, slow down or lie, and overload' },
    ...{ fullSeconds: 300, quickSeconds: 22, section: of(faultsSection) },
  },
];

/** A result is read from a file of that scenario's name, so its shape is what that scenario writes. */
function of<Report>(section: (report: Report) => Section): Scenario['section'] {
  return (report) => section(report as Report);
}
