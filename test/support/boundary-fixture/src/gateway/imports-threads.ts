/** Deliberately wrong: threads outside their corners. */
import 'node:worker_threads';
