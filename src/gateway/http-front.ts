/** The gateway's HTTP front: the server, its limits, and which handler answers what. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ControlTable } from '../table/control-table.ts';
import { answerClientError, REFUSED, type ReceivingSocket } from './client-error.ts';
import { Connections } from './connections.ts';
import type { Counts } from './counts.ts';
import type { DocsPage } from './docs-page.ts';
import { FastFront } from './fast/fast-front.ts';
import type { Fleet } from './fleet.ts';
import type { HttpErrorCode } from './http-status.ts';
import type { InferHandler } from './infer-handler.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { modelConfig, modelList, modelMetadata, repositoryIndex, serverMetadata } from './model-documents.ts';
import type { ModelRoute, VersionRoute } from './model-route.ts';
import { openApiDocument } from './openapi.ts';
import { replyError, replyJson, replyProblem, replyText, unknownModel } from './reply.ts';
import type { RepositoryCommands } from './repository-commands.ts';
import { readHeaders } from './request-headers.ts';
import { matchRoute, type RouteMatch } from './router.ts';
import { StandardClient } from './standard-client.ts';
import { workersDocument } from './workers-document.ts';

export interface HttpLimits {
  /** Time for a request's head to come, milliseconds. */
  readonly headersTimeoutMs: number;
  /** Time for a whole request to come, milliseconds. */
  readonly receiveTimeoutMs: number;
  /** How long an idle connection is kept, milliseconds. */
  readonly keepAliveMs: number;
  readonly maxConnections: number;
  /** A connection on which nothing moves for this long while it is in use is cut, milliseconds. */
  readonly stalledMs: number;
}

export interface HttpFrontOptions {
  readonly fleet: Fleet;
  readonly table: ControlTable;
  readonly infer: InferHandler;
  readonly commands: RepositoryCommands;
  readonly counts: Counts;
  readonly docs: DocsPage;
  readonly version: string;
  readonly limits: HttpLimits;
}

/** How often connections are looked at for time-outs, milliseconds. */
const TIMEOUT_CHECK_MS = 500;
/** Targets of inference that are remembered by their URL. */
const MAX_CACHED_URLS = 1_000;

export class HttpFront {
  readonly #options: HttpFrontOptions;
  readonly #server: Server;
  readonly #sockets: ListeningSockets;
  readonly #connections: Connections;
  /** Inference URLs of served models, so that the data path does not parse the same path again and again. */
  readonly #inferUrls = new Map<string, RouteMatch>();

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    const { headersTimeoutMs, receiveTimeoutMs, keepAliveMs, maxConnections } = options.limits;
    this.#server = createServer(
      {
        // Node refuses a head that may take longer than the whole.
        headersTimeout: Math.min(headersTimeoutMs, receiveTimeoutMs),
        requestTimeout: receiveTimeoutMs,
        keepAliveTimeout: keepAliveMs,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
        noDelay: true,
      },
      (req, res) => this.#onRequest(req, res, false),
    );
    const [standard] = this.#server.listeners('connection') as [(socket: Socket) => void];
    this.#server.removeAllListeners('connection');
    const fast = new FastFront({
      infer: options.infer,
      routeOf: (target) => this.#routeOf(target),
      limits: options.limits,
      handOver: (socket, bytes) => {
        standard.call(this.#server, socket);
        socket.unshift(bytes);
        socket.resume();
      },
      now: () => performance.now(),
    });
    this.#server.on('connection', (socket: Socket) => {
      // A server's own limit would count those of its own socket alone.
      if (this.#connections.size >= maxConnections) socket.destroy();
      else fast.accept(socket);
    });
    this.#sockets = new ListeningSockets(this.#server);
    this.#connections = new Connections(this.#server, this.#sockets, fast);
    // Nothing moves on a connection for this long only when the client does not read its answer.
    this.#server.timeout = options.limits.stalledMs;
    this.#server.on('clientError', answerClientError);
    this.#server.on('checkContinue', (req, res) => this.#onRequest(req, res, true));
  }

  /**
   * @param shared the port is shared with others of this process
   * @throws the listening error, such as EADDRINUSE
   */
  listen(port: number, host: string, shared: boolean): Promise<AddressInfo> {
    return this.#sockets.listen(port, host, shared);
  }

  get connections(): { readonly fast: number; readonly standard: number } {
    return this.#connections.count;
  }

  /** Accepts no new connections; to be called on all that share a port before one of them drains. */
  stopListening(limitMs: number): Promise<void> {
    return this.#connections.stopListening(limitMs);
  }

  /** Accepts no new connections, finishes what is under way within the limit, and closes. */
  drain(limitMs: number): Promise<void> {
    return this.#connections.drain(limitMs);
  }

  #onRequest(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const { method = '', url = '' } = req;
    this.#connections.onRequest(req, res);
    const cached = method === 'POST' ? this.#inferUrls.get(url) : undefined;
    const match = cached ?? matchRoute(method, url);
    if (match && 'operation' in match && match.operation === 'model-infer') {
      if (!cached) this.#remember(url, match);
      const client = new StandardClient(req, res, expectsContinue);
      client.begin(this.#options.infer, match.model ?? '', match.version);
      return;
    }
    const isProtocol = url === '/v2' || url.startsWith('/v2/') || url.startsWith('/v2?');
    const reply = isProtocol ? replyError : replyProblem;
    const { fault } = readHeaders(req.rawHeaders);
    if (fault) {
      (req.socket as ReceivingSocket)[REFUSED] = true;
      req.resume();
      reply(res, fault.code, fault.message, { connection: 'close' });
      return;
    }
    // Nothing else reads a body longer than a few lines.
    if (expectsContinue) res.writeContinue();
    if (!match || !('operation' in match)) {
      req.resume();
      const code: HttpErrorCode = match ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND';
      const message = match
        ? `${method} is not served here, but ${match.allow}`
        : `there is nothing at ${url}; see /docs`;
      reply(res, code, message, match ? { allow: match.allow } : {});
      return;
    }
    this.#answer(match, req, res);
  }

  /** What a target names that stands in a POST; undefined where that is not the inference of a served model. */
  #routeOf(target: string): RouteMatch | undefined {
    const cached = this.#inferUrls.get(target);
    if (cached) return cached;
    const match = matchRoute('POST', target);
    if (!match || !('operation' in match) || match.operation !== 'model-infer') return undefined;
    return this.#remember(target, match) ? match : undefined;
  }

  /** Whether it is worth remembering: whatever clients ask for, only what is served takes room. */
  #remember(url: string, match: RouteMatch): boolean {
    if (!this.#options.fleet.find(match.model ?? '', match.version)) return false;
    if (this.#inferUrls.size >= MAX_CACHED_URLS) this.#inferUrls.clear();
    this.#inferUrls.set(url, match);
    return true;
  }

  #answer(match: RouteMatch, req: IncomingMessage, res: ServerResponse): void {
    const { fleet, table, version, commands, counts, docs } = this.#options;
    if (match.operation === 'repository-load' || match.operation === 'repository-unload') {
      commands.handle(match.operation === 'repository-load' ? 'load' : 'unload', match.model ?? '', req, res);
      return;
    }
    if (match.operation === 'repository-index') {
      commands.index(req, res, (onlyReady) => repositoryIndex(fleet, onlyReady));
      return;
    }
    req.resume();
    switch (match.operation) {
      case 'home':
        res.writeHead(302, { location: '/docs', 'content-length': 0 }).end();
        return;
      case 'server-metadata':
        replyJson(res, 200, serverMetadata(version));
        return;
      case 'server-live':
        // The specification's field is `live`; KServe's client reads `ready`.
        replyJson(res, 200, { live: true, ready: true });
        return;
      case 'server-ready': {
        const ready = !this.#connections.draining && isReady(fleet);
        replyJson(res, ready ? 200 : 503, { ready, live: true });
        return;
      }
      case 'list-models':
        replyJson(res, 200, modelList(fleet));
        return;
      case 'workers':
        replyJson(res, 200, workersDocument(table.view()));
        return;
      case 'openapi':
        replyJson(res, 200, openApiDocument(version));
        return;
      case 'docs':
        docs.page(res);
        return;
      case 'docs-asset':
        docs.asset(match.asset ?? '', res);
        return;
      case 'metrics':
        counts.metricsText().then(
          (text) => replyText(res, 200, counts.metricsType, text),
          (error: Error) => replyProblem(res, 'INTERNAL', error.message),
        );
        return;
      case 'model-stats':
        this.#statistics(match, res);
        return;
      case 'model-ready':
        this.#modelReady(match, res);
        return;
      case 'model-metadata':
        this.#aboutModel(match, res, (route, model) => modelMetadata(model, route));
        return;
      case 'model-config':
        this.#aboutModel(match, res, (route, model) => modelConfig(model, route));
        return;
      case 'model-infer':
        // Taken before the body is touched.
        return;
    }
  }

  #statistics({ model, version }: RouteMatch, res: ServerResponse): void {
    const { fleet, counts } = this.#options;
    let routes = fleet.routes();
    if (model !== undefined) {
      const route = fleet.find(model, version);
      if (!route) return replyError(res, 'UNKNOWN_MODEL', unknownModel(model, version));
      routes = version === undefined ? (fleet.model(model)?.versions.values() ?? []) : [route];
    }
    counts.statistics(routes).then(
      (document) => replyJson(res, 200, document),
      (error: Error) => replyError(res, 'INTERNAL', error.message),
    );
  }

  #modelReady({ model = '', version }: RouteMatch, res: ServerResponse): void {
    const route = this.#options.fleet.find(model, version);
    if (!route) return replyError(res, 'UNKNOWN_MODEL', unknownModel(model, version));
    replyJson(res, route.ready ? 200 : 503, { name: model, ready: route.ready });
  }

  /** Answers with a document about a model version; 503 while there is none to give. */
  #aboutModel(
    { model = '', version }: RouteMatch,
    res: ServerResponse,
    document: (route: VersionRoute, model: ModelRoute) => object | undefined,
  ): void {
    const { fleet } = this.#options;
    const versions = fleet.model(model);
    const route = fleet.find(model, version);
    if (!versions || !route) return replyError(res, 'UNKNOWN_MODEL', unknownModel(model, version));
    const value = document(route, versions);
    if (value) return replyJson(res, 200, value);
    const { state, reason } = route.record;
    replyError(res, 'UNAVAILABLE', `"${model}" is ${state}${reason ? `: ${reason}` : ''}`);
  }
}

/** Ready when every model that is to be served has a worker that takes requests. */
function isReady(fleet: Fleet): boolean {
  for (const route of fleet.routes()) {
    const { state } = route.record;
    if ((state === 'READY' || state === 'LOADING') && !route.ready) return false;
  }
  return true;
}
