/** Puts the scripts that run within Redis beside the built modules that read them. */
import { cpSync } from 'node:fs';

const FOLDER = 'table/redis/scripts';
const root = new URL('..', import.meta.url);

cpSync(new URL(`src/${FOLDER}`, root), new URL(`dist/${FOLDER}`, root), { recursive: true });
