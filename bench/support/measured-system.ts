/** Something that answers inference requests and can be measured from outside. */
import type { ProcessTable } from './process-cpu.ts';

export interface MeasuredSystem extends AsyncDisposable {
  readonly name: string;
  readonly inferUrl: string;
  /** CPU time that its processes have used so far; what stands before the models apart from what runs them. */
  cpuTicks(table: ProcessTable): { readonly gateway: number; readonly workers: number };
  /** Throws when one of its processes has ended. */
  assertRunning(): void;
}
