/** Which of the gateway's operations a method and a path name. */

export type Operation =
  | 'server-metadata'
  | 'server-live'
  | 'server-ready'
  | 'list-models'
  | 'model-metadata'
  | 'model-ready'
  | 'model-infer'
  | 'model-stats'
  | 'model-config'
  | 'repository-index'
  | 'repository-load'
  | 'repository-unload'
  | 'workers'
  | 'metrics'
  | 'openapi'
  | 'docs'
  | 'docs-asset'
  | 'home';

export interface RouteMatch {
  readonly operation: Operation;
  readonly model?: string;
  readonly version?: string;
  readonly asset?: string;
}

export type RouteResult =
  | RouteMatch
  /** The path exists under other methods. */
  | { readonly allow: string }
  | undefined;

interface Pattern {
  readonly method: 'GET' | 'POST';
  readonly segments: readonly string[];
  readonly operation: Operation;
}

function pattern(method: Pattern['method'], path: string, operation: Operation): Pattern {
  return { method, segments: path.split('/').filter(Boolean), operation };
}

/** The OpenAPI document describes these one by one; a test holds the two against each other. */
export const PATTERNS: readonly Pattern[] = [
  pattern('GET', '/', 'home'),
  pattern('GET', '/v2', 'server-metadata'),
  pattern('GET', '/v2/health/live', 'server-live'),
  pattern('GET', '/v2/health/ready', 'server-ready'),
  pattern('GET', '/v2/models', 'list-models'),
  pattern('GET', '/v2/models/stats', 'model-stats'),
  pattern('GET', '/v2/models/{model}', 'model-metadata'),
  pattern('GET', '/v2/models/{model}/ready', 'model-ready'),
  pattern('POST', '/v2/models/{model}/infer', 'model-infer'),
  pattern('GET', '/v2/models/{model}/stats', 'model-stats'),
  pattern('GET', '/v2/models/{model}/config', 'model-config'),
  pattern('GET', '/v2/models/{model}/versions/{version}', 'model-metadata'),
  pattern('GET', '/v2/models/{model}/versions/{version}/ready', 'model-ready'),
  pattern('POST', '/v2/models/{model}/versions/{version}/infer', 'model-infer'),
  pattern('GET', '/v2/models/{model}/versions/{version}/stats', 'model-stats'),
  pattern('GET', '/v2/models/{model}/versions/{version}/config', 'model-config'),
  pattern('POST', '/v2/repository/index', 'repository-index'),
  pattern('POST', '/v2/repository/models/{model}/load', 'repository-load'),
  pattern('POST', '/v2/repository/models/{model}/unload', 'repository-unload'),
  pattern('GET', '/workers', 'workers'),
  pattern('GET', '/metrics', 'metrics'),
  pattern('GET', '/openapi.json', 'openapi'),
  pattern('GET', '/docs', 'docs'),
  pattern('GET', '/docs/{asset}', 'docs-asset'),
];

/** The scheme and authority of a target in absolute form, as it comes through proxies (RFC 9112, section 3.2.2). */
const AUTHORITY = /^https?:\/\/[^/?]*/i;

/** @param target the request target: path and query, as sent */
export function matchRoute(method: string, target: string): RouteResult {
  const url = target.startsWith('/') ? target : target.replace(AUTHORITY, '') || '/';
  const query = url.indexOf('?');
  const segments = decodeSegments(query < 0 ? url : url.slice(0, query));
  if (!segments) return undefined;
  const allowed: string[] = [];
  for (const candidate of PATTERNS) {
    const values = bind(candidate.segments, segments);
    if (!values) continue;
    if (candidate.method === method || (candidate.method === 'GET' && method === 'HEAD')) {
      return { operation: candidate.operation, ...values };
    }
    allowed.push(candidate.method === 'GET' ? 'GET, HEAD' : candidate.method);
  }
  return allowed.length > 0 ? { allow: [...new Set(allowed)].join(', ') } : undefined;
}

function bind(template: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const values: Record<string, string> = {};
  for (const [i, part] of template.entries()) {
    const segment = segments[i] as string;
    if (part.startsWith('{')) values[part.slice(1, -1)] = segment;
    else if (part !== segment) return undefined;
  }
  return values;
}

/** Undefined for what is no path, or is wrongly escaped. A slash at the end changes nothing. */
function decodeSegments(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  const inner = path.slice(1, path.endsWith('/') ? -1 : undefined);
  if (inner === '') return [];
  try {
    const segments = inner.split('/').map(decodeURIComponent);
    return segments.every((segment) => segment !== '') ? segments : undefined;
  } catch {
    return undefined;
  }
}
