/** Which candidates have a free slot. */
import type { Candidate } from './candidate.ts';

export function hasFreeSlot(candidate: Candidate): boolean {
  return candidate.occupied < candidate.slots;
}

export function countFree(candidates: readonly Candidate[]): number {
  let free = 0;
  for (let index = 0; index < candidates.length; index++) {
    if (hasFreeSlot(candidates[index] as Candidate)) free++;
  }
  return free;
}

/** The index of the nth candidate with a free slot, counted from 0; -1 when there are fewer. */
export function nthFree(candidates: readonly Candidate[], nth: number): number {
  for (let index = 0; index < candidates.length; index++) {
    if (hasFreeSlot(candidates[index] as Candidate) && nth-- === 0) return index;
  }
  return -1;
}
