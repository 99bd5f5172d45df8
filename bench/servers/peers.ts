/** What is compared with Turntable, each with two processes that infer, in the order in which it is measured. */
import { startBentoml } from '../peers/bentoml/start-bentoml.ts';
import { startMlserver } from '../peers/mlserver/start-mlserver.ts';
import type { ModelServer, ServerStart } from '../peers/model-server.ts';
import { startNginx } from '../peers/nginx.ts';
import { startPublished, startPublishedOnnx } from '../peers/published/start-published.ts';
import { startRayServe } from '../peers/ray-serve/start-ray-serve.ts';
import { startTriton } from '../peers/triton/start-triton.ts';
import { ensureTools } from '../support/debian-tools.ts';
import { describeMachine } from '../support/machine.ts';

export const PEERS = [
  'nginx',
  'triton',
  'mlserver',
  'bentoml',
  'ray-serve',
  'published',
  'published-onnx',
] as const;
export type PeerName = (typeof PEERS)[number];

interface Peer {
  readonly title: string;
  /** Whether it serves the model that Turntable serves, and so must answer the same. */
  readonly sameModel: boolean;
  /** Null, after a line that says why, when it cannot be had. */
  readonly start: (start: ServerStart) => Promise<ModelServer | null>;
}

export const PEER: Readonly<Record<PeerName, Peer>> = {
  nginx: { title: 'NGINX least_conn', sameModel: true, start: startNginxPeer },
  triton: { title: 'Triton', sameModel: true, start: startTriton },
  mlserver: { title: 'MLServer', sameModel: true, start: startMlserver },
  bentoml: { title: 'BentoML', sameModel: true, start: startBentoml },
  'ray-serve': { title: 'Ray Serve', sameModel: true, start: startRayServe },
  published: { title: 'published design', sameModel: false, start: withRedis(startPublished) },
  'published-onnx': {
    title: 'published design, ONNX',
    sameModel: true,
    start: withRedis(startPublishedOnnx),
  },
};

async function startNginxPeer(start: ServerStart): Promise<ModelServer | null> {
  if (!ensureTools(['nginx'], start.say).has('nginx')) return null;
  const server = await startNginx(start.fraudModel, start.workers, start.directory, start.signal);
  return { ...server, version: describeMachine().nginx ?? 'unknown' };
}

function withRedis(start: Peer['start']): Peer['start'] {
  return async (options) =>
    ensureTools(['redis-server'], options.say).has('redis-server') ? start(options) : null;
}
