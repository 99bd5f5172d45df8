/** Envoy with LEAST_REQUEST before HTTP workers: the proxy of most service meshes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import {
  HEALTH_PATH,
  type HealthChecks,
  PATIENCE_MS,
  type ProxyOptions,
  type ProxyProcess,
  startProxy,
} from './start-proxy.ts';
import { knownWheelProgram } from './wheel-programs.ts';

/** Envoy looks up an extension by the type of its configuration. */
const TYPES = 'type.googleapis.com/envoy.extensions';
const MANY = 1_000_000;

export async function startEnvoy(options: ProxyOptions, signal: AbortSignal): Promise<ProxyProcess> {
  const program = knownWheelProgram('envoy');
  if (program === null) throw new Error('Envoy was not asked for with ensureProxies, or is not to be had');
  const port = await freePort();
  const configuration = join(options.directory, 'envoy.json');
  writeFileSync(configuration, JSON.stringify(configure(port, options), null, 2));
  return startProxy(
    program,
    // One event loop, as the gateway has one: the requests at a worker are counted for each loop apart. Without hot
    // restart, as several run at once on one machine.
    ['--config-path', configuration, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'],
    { port, logFile: join(options.directory, 'envoy.log') },
    signal,
  );
}

/**
 * Tuned for this load, by its documentation (1.40). Nothing is logged or counted for others to read, and no headers are
 * made up for tracing. Limits of the circuit breaker, 1,024 by default, are out of the way: a burst is to wait and
 * not to be refused. A connection to a worker is kept for less time than the worker keeps it.
 */
function configure(port: number, { workers, healthChecks = false }: ProxyOptions) {
  return {
    stats_config: { stats_matcher: { reject_all: true } },
    static_resources: {
      listeners: [
        {
          address: addressOf(`127.0.0.1:${port}`),
          tcp_backlog_size: 4_096,
          filter_chains: [{ filters: [connectionManager(healthChecks)] }],
        },
      ],
      clusters: [cluster(workers, healthChecks)],
    },
  };
}

function connectionManager(healthChecks: HealthChecks | false) {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'front',
      codec_type: 'HTTP1',
      generate_request_id: false,
      route_config: {
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [
              {
                match: { prefix: '/' },
                route: { cluster: 'workers', timeout: ms(PATIENCE_MS), retry_policy: retries(healthChecks) },
              },
            ],
          },
        ],
      },
      http_filters: [
        {
          name: 'envoy.filters.http.router',
          typed_config: {
            '@type': `${TYPES}.filters.http.router.v3.Router`,
            dynamic_stats: false,
            suppress_envoy_headers: true,
          },
        },
      ],
    },
  };
}

/**
 * As people configure them for requests that may be repeated: what did not reach a worker, or was cut off, goes to
 * another that has not had it. Where workers may be unwell also what was answered with 5xx or not in time.
 */
function retries(healthChecks: HealthChecks | false) {
  return {
    retry_on: healthChecks ? '5xx' : 'connect-failure,reset',
    num_retries: 3,
    ...(healthChecks && { per_try_timeout: ms(healthChecks.tryTimeoutMs) }),
    retry_back_off: { base_interval: '0.005s' },
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: { '@type': `${TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate` },
      },
    ],
    host_selection_retry_max_attempts: '5',
  };
}

/**
 * FULL_SCAN looks at all workers and takes one with the fewest requests, at random among equals. It is there for few
 * hosts, as these are; the best of two at random (N_CHOICES, the default) is for those who have hundreds. A request
 * counts once it has a connection, so that a burst which finds none would fall on few workers: connections are
 * therefore opened ahead, three for each request, the most there is.
 */
function cluster(workers: readonly string[], healthChecks: HealthChecks | false) {
  return {
    name: 'workers',
    type: 'STATIC',
    connect_timeout: '1s',
    preconnect_policy: { per_upstream_preconnect_ratio: 3 },
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            name: 'envoy.load_balancing_policies.least_request',
            typed_config: {
              '@type': `${TYPES}.load_balancing_policies.least_request.v3.LeastRequest`,
              selection_method: 'FULL_SCAN',
            },
          },
        },
      ],
    },
    circuit_breakers: {
      thresholds: [
        { max_connections: MANY, max_pending_requests: MANY, max_requests: MANY, max_retries: MANY },
      ],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
        common_http_protocol_options: { idle_timeout: '60s' },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: 'workers',
      endpoints: [{ lb_endpoints: workers.map((worker) => ({ endpoint: { address: addressOf(worker) } })) }],
    },
    ...(healthChecks && healthOf(healthChecks)),
  };
}

/**
 * Health checks find who is dead or hangs, outlier detection who answers wrongly: put out at the fifth 5xx in a row and
 * for 30 s (both the default), though half of the workers stay whatever they do. A health check that goes well does not
 * end that before its time, as it would by default: who answers those may still fail at its work.
 */
function healthOf({ intervalMs }: HealthChecks) {
  return {
    health_checks: [
      {
        timeout: ms(intervalMs),
        interval: ms(intervalMs),
        // Else a worker without requests is asked once a minute.
        no_traffic_interval: ms(intervalMs),
        unhealthy_threshold: 2,
        healthy_threshold: 2,
        http_health_check: { path: HEALTH_PATH },
      },
    ],
    outlier_detection: {
      consecutive_5xx: 5,
      interval: '1s',
      base_ejection_time: '30s',
      max_ejection_percent: 50,
      successful_active_health_check_uneject_host: false,
    },
  };
}

function addressOf(hostAndPort: string) {
  const { hostname, port } = new URL(`http://${hostAndPort}`);
  return { socket_address: { address: hostname, port_value: Number(port) } };
}

/** A duration as protobuf writes it in JSON. */
function ms(milliseconds: number): string {
  return `${milliseconds / 1_000}s`;
}
