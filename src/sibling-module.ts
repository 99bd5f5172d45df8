/** Where a module beside the caller's lies, for the few that are started and not imported. */
import { fileURLToPath } from 'node:url';

/**
 * The path of `name` beside the module at `moduleUrl`: `.ts` when sources run unbuilt, `.js` when built.
 * @param name relative, without an extension, such as `./session-thread`
 */
export function siblingModule(moduleUrl: string, name: string): string {
  const extension = moduleUrl.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(name + extension, moduleUrl));
}
