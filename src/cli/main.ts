#!/usr/bin/env node
/** Entry of the `turntable` command: sees to it that compiled code is kept, then runs the command. */
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Spares later starts, and the workers that this process starts, most of their compiling: half of the time until
// they are ready, and a good part of their memory. Where the directory cannot be written nothing else changes.
const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'turntable');
enableCompileCache(directory);
process.env.NODE_COMPILE_CACHE ??= directory;

await import('./program.ts');
