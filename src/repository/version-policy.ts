/** Which of the versions on disk are served. */
import { compareVersions } from './names.ts';

export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] };

/** Triton's default. */
export const LATEST_VERSION: VersionPolicy = { kind: 'latest', count: 1 };

/**
 * The versions to serve, ascending, and those that the policy names but that are not on disk. Latest counts
 * directories, not loadable models: when the newest version is broken, that is reported, and no older one
 * silently answers in its place.
 */
export function pickVersions(
  onDisk: readonly string[],
  policy: VersionPolicy,
): { readonly chosen: readonly string[]; readonly missing: readonly string[] } {
  const ascending = onDisk.toSorted(compareVersions);
  switch (policy.kind) {
    case 'all':
      return { chosen: ascending, missing: [] };
    case 'latest':
      return { chosen: ascending.slice(-policy.count), missing: [] };
    case 'specific': {
      const wanted = new Set(policy.versions);
      return {
        chosen: ascending.filter((version) => wanted.has(version)),
        missing: [...wanted].filter((version) => !onDisk.includes(version)).sort(compareVersions),
      };
    }
  }
}
