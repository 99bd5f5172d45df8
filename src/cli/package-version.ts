/** The version of this package, for `--version`, the server's metadata and the metrics. */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const PACKAGE_VERSION = manifest.version;
