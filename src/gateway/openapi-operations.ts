/** The OpenAPI description of what operators look at: the process control table, the metrics, this document. */

import { WORKER_STATUSES } from '../table/worker-row.ts';
import {
  type Examples,
  json,
  list,
  object,
  oneOf,
  operation,
  type Paths,
  problem,
  ref,
  type Schemas,
  text,
  timestamp,
  whole,
} from './openapi-builders.ts';

const TAG = 'Operations';

const TABLE: Examples = {
  fraud: {
    summary: 'One worker of the model fraud, a gateway and a controller',
    value: {
      now: '2026-01-15T10:30:00.250Z',
      table: { available: true, since: '2026-01-15T08:59:58.110Z', reason: '' },
      workers: [
        {
          id_worker: 'fraud-1-0il8wfr385x7k',
          id_model: 'fraud',
          version: '1',
          status: 'ACTIVE',
          endpoint: 'turntable+unix:///run/turntable/1.sock',
          current_requests: 3,
          avg_latency_ms: 0.412,
          last_activity: '2026-01-15T10:29:59.871Z',
          slots: 128,
          weight: 1,
          node: 'node-1',
          pid: 4711,
          supervised: true,
          revision: '5f3a1c0e9b7d2468',
          registered_at: '2026-01-15T09:00:01.034Z',
          error_count: 0,
          rss_bytes: 131379200,
          reason: '',
        },
      ],
      gateways: [
        {
          id_gateway: 'gw-9f86d081fe',
          node: 'node-1',
          pid: 4700,
          address: 'http://10.0.0.5:8080',
          last_activity: '2026-01-15T10:30:00.190Z',
        },
      ],
      controllers: [
        {
          id_controller: 'ct-3b5d5c3712',
          node: 'node-2',
          pid: 512,
          acting: true,
          last_activity: '2026-01-15T10:29:59.940Z',
        },
      ],
    },
  },
};

export const operationsPaths: Paths = {
  '/workers': {
    get: operation(TAG, {
      operationId: 'listWorkers',
      summary: 'The process control table: every worker, gateway and controller, and how they are',
      responses: {
        200: json('The table.', ref('WorkerTable'), TABLE),
      },
    }),
  },
  '/metrics': {
    get: operation(TAG, {
      operationId: 'metrics',
      summary: 'Metrics for Prometheus',
      description: 'Metrics that begin with `turntable_` are explained in `docs/metrics.md`.',
      responses: {
        200: {
          description: 'The metrics, in the text exposition format 0.0.4.',
          content: {
            'text/plain': {
              schema: { type: 'string' },
              example: 'turntable_build_info{version="0.1.0"} 1\n',
            },
          },
        },
        500: problem('The metrics could not be collected.'),
      },
    }),
  },
  '/openapi.json': {
    get: operation(TAG, {
      operationId: 'openApi',
      summary: 'This document',
      responses: {
        200: json('OpenAPI 3.1.', { type: 'object' }),
      },
    }),
  },
  '/docs': {
    get: operation(TAG, {
      operationId: 'docs',
      summary: 'This document as a page to read and to try requests from',
      responses: {
        200: { description: 'The page.', content: { 'text/html': { schema: { type: 'string' } } } },
      },
    }),
  },
};

export const operationsSchemas: Schemas = {
  WorkerTable: object('The process control table.', {
    now: timestamp('The time by the clock of the table, against which the ages of rows are judged.'),
    table: ref('TableHealth'),
    workers: list('One row for each worker process, by `id_worker`.', ref('WorkerRow')),
    gateways: list('The gateways that state their load, by `id_gateway`.', ref('GatewayRow')),
    controllers: list('The controllers, of which one acts, by `id_controller`.', ref('ControllerRow')),
  }),
  TableHealth: object('Whether this gateway reaches the table. What is shown is its last view of it.', {
    available: { type: 'boolean', description: 'Whether the table is reached and takes changes.' },
    since: timestamp('Since when it has been so.'),
    reason: text('Why it is not available, for people; empty when it is.', ''),
  }),
  GatewayRow: object('A gateway.', {
    id_gateway: text('Names this process alone.', 'gw-9f86d081fe'),
    node: text('Host that it runs on.', 'node-1'),
    pid: whole('Its process id on that host.'),
    address: text('Where it listens.', 'http://10.0.0.5:8080'),
    last_activity: timestamp('When it last stated its load.'),
  }),
  ControllerRow: object('A controller.', {
    id_controller: text('Names this process alone.', 'ct-3b5d5c3712'),
    node: text('Host that it runs on.', 'node-2'),
    pid: whole('Its process id on that host.'),
    acting: { type: 'boolean', description: 'Whether it is the one that acts; the others stand by.' },
    last_activity: timestamp('When it last gave a sign of life.'),
  }),
  WorkerRow: object(
    'One worker process. The first eight fields are those of the published Table I; the rest is what decisions need beside these.',
    {
      id_worker: text(
        'Names this process alone: a worker that is started again is a new row.',
        'fraud-1-0il8wfr385x7k',
      ),
      id_model: text('The model that it runs.', 'fraud'),
      version: text('The version that it runs.', '1'),
      status: oneOf(
        'INACTIVE: registered, takes nothing yet. ACTIVE: takes requests. UPDATING: finishes what it has, then ends. ' +
          'ERROR: silent or failing, takes nothing until it answers again.',
        WORKER_STATUSES,
      ),
      endpoint: text(
        'Where and how it is reached; the scheme names the protocol.',
        'turntable+unix:///run/turntable/1.sock',
      ),
      current_requests: whole('Requests in flight there, of all gateways together.'),
      avg_latency_ms: {
        type: 'number',
        minimum: 0,
        description:
          'Mean time that it takes to answer, milliseconds; weighted so that about the last 20 requests count. 0 before the first.',
      },
      last_activity: timestamp('When it last gave a sign of life.'),
      slots: whole('Requests that it can usefully hold at once.', 1),
      weight: whole('Share of the requests that it takes where gateways balance by weight.', 1),
      node: text('Host that it runs on.', 'node-1'),
      pid: whole('Its process id on that host.'),
      supervised: {
        type: 'boolean',
        description: 'Whether a controller keeps it; not so when somebody started it by hand.',
      },
      revision: text("Digest of the model's file and configuration as it loaded them.", '5f3a1c0e9b7d2468'),
      registered_at: timestamp('When it registered.'),
      error_count: whole('Requests that ended with an error of its own making.'),
      rss_bytes: whole('Memory that it occupies, bytes.'),
      reason: text('Why it has its status, for people; empty when nothing is wrong.', ''),
    },
  ),
};
