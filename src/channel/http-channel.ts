/** The gateway's end towards one server of the Open Inference Protocol over HTTP: sends, notices silence, looks when it is back. */
import { AloneLatency } from './alone-latency.ts';
import type { Channel, ChannelFailure, ChannelRequest, ChannelState, ResponseSink } from './channel.ts';
import { parseHttpEndpoint } from './endpoint.ts';
import { readErrorAnswer, readJsonBytes } from './http-answer.ts';
import { HttpCall, type HttpCallOwner, type HttpWay } from './http-call.ts';
import { HttpPool } from './http-pool.ts';
import { type Health, HttpProbe } from './http-probe.ts';
import { StreamTable } from './stream-table.ts';

/** A server that has said nothing for this long is asked how it is. */
const PROBE_AFTER_MS = 150;
/** Asked, and nothing heard at all for this long: it does not run. */
const PROBE_TIMEOUT_MS = 450;
/** A question that is not answered for this long was perhaps lost on the way; it is asked on another connection. */
const PROBE_AGAIN_MS = 1_000;
/** A tick later than this says that our own process did not run, so silence proves nothing. */
const LATE_TICK_MS = 250;
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 1_000;
export interface HttpChannelOptions {
  /** `http(s)://host:port`, or with the path to post to. */
  readonly endpoint: string;
  /** The model's name there, where the endpoint has no path. */
  readonly id_model: string;
  /** The longest answer that is taken. */
  readonly maxAnswerBytes: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onStateChange: (state: ChannelState, reason: string) => void;
}

export class HttpChannel implements Channel {
  readonly #options: HttpChannelOptions;
  readonly #way: HttpWay;
  readonly #owner: HttpCallOwner;
  readonly #probe: HttpProbe;
  readonly #calls = new StreamTable<HttpCall>();
  #latency = new AloneLatency();
  /** As of the last answer or tick: it is asked for with every request. */
  readonly tellsQueue = false;
  wantsAlone = true;
  #state: ChannelState = 'connecting';
  #lastHeard = 0;
  #askedAt = 0;
  /** While there is no connection: when to try again, and how long to wait after that. */
  #retryAt = 0;
  #retryMs = RETRY_MIN_MS;
  #lastTick: number;
  /** Silence before this proves nothing. */
  #excusedAt = 0;

  /** @throws EndpointError */
  constructor(options: HttpChannelOptions) {
    this.#options = options;
    const { endpoint, id_model, maxAnswerBytes } = options;
    const target = parseHttpEndpoint(endpoint, id_model);
    this.#way = { target, pool: new HttpPool(target), maxAnswerBytes };
    this.#owner = {
      onHeard: () => this.#heard(),
      onAnswer: (call, status, body, jsonLength) => this.#onAnswer(call, status, body, jsonLength),
      onTooLong: (call) => this.#onTooLong(call),
      onLost: (call, reason, reached) => this.#onLost(call, reason, reached),
    };
    this.#probe = new HttpProbe({
      target,
      onHealth: (health, reason) => this.#onHealth(health, reason),
      onHangUp: () => this.#onHangUp(),
    });
    this.#lastTick = options.now();
    this.#ask();
  }

  get state(): ChannelState {
    return this.#state;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  send(request: ChannelRequest, sink: ResponseSink): number {
    const stream = this.#calls.nextFree();
    const place = { stream, sentAt: this.#options.now(), alone: this.#calls.size === 0 };
    const call = new HttpCall(place, sink, this.#way, this.#owner);
    this.#calls.add(stream, call);
    call.start(request);
    return stream;
  }

  cancel(stream: number): void {
    this.#calls.take(stream)?.abandon();
  }

  tick(): void {
    if (this.#state === 'closed') return;
    const now = this.#options.now();
    if (now - this.#lastTick > LATE_TICK_MS) this.#excusedAt = now;
    this.#lastTick = now;
    this.wantsAlone = this.#latency.wantsAlone(now);
    if (!this.#probe.asking) {
      const askAt = this.#state === 'connecting' ? this.#retryAt : this.#lastHeard + PROBE_AFTER_MS;
      if (now >= askAt) this.#ask();
      return;
    }
    const silentMs = now - Math.max(this.#askedAt, this.#lastHeard, this.#excusedAt);
    if (silentMs <= PROBE_TIMEOUT_MS) return;
    // The state first: what fails is sent again at once, and must not choose this channel.
    if (this.#state !== 'connecting') {
      this.#setState('unresponsive', `no answer to a probe for ${Math.round(silentMs)} ms`);
    }
    this.#fail('unresponsive');
    if (now - this.#askedAt <= PROBE_AGAIN_MS) return;
    this.#probe.abandon();
    this.#ask();
  }

  close(): void {
    this.#setState('closed', 'closed by the gateway');
    this.#probe.close();
    this.#fail('lost');
    this.#way.pool.close();
  }

  #ask(): void {
    if (this.#probe.asking) return;
    this.#askedAt = this.#options.now();
    this.#probe.ask();
  }

  #heard(): void {
    this.#lastHeard = this.#options.now();
  }

  #onHealth(health: Health, reason: string): void {
    switch (health) {
      case 'ready':
        this.#heard();
        this.#retryMs = RETRY_MIN_MS;
        this.#setState('open', reason);
        return;
      case 'not_ready':
        this.#heard();
        // One that never was ready has nothing to finish.
        if (this.#state === 'connecting') this.#waitForRetry();
        else this.#setState('draining', reason);
        return;
      case 'unreachable':
        this.#waitForRetry();
        this.#latency = new AloneLatency();
        this.#setState('connecting', reason);
        return;
    }
  }

  #waitForRetry(): void {
    this.#retryAt = this.#options.now() + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }

  #onHangUp(): void {
    // One that hangs up after each answer would be asked without a pause.
    if (this.#state !== 'closed' && this.#options.now() - this.#askedAt > RETRY_MIN_MS) this.#ask();
  }

  #onAnswer(call: HttpCall, status: number, body: readonly Buffer[], jsonLength: string | undefined): void {
    if (!this.#calls.take(call.stream)) return;
    const { sink, bodyBytes } = call;
    if (status !== 200) {
      const error = readErrorAnswer(status, body);
      if (error === 'busy') sink.onFailure('busy');
      else sink.onError(error);
      return;
    }
    const jsonBytes = readJsonBytes(jsonLength, bodyBytes);
    if (Number.isNaN(jsonBytes)) {
      const message = `the server's answer of ${bodyBytes} bytes has the inference-header-content-length "${jsonLength}"`;
      sink.onError({ code: 'INTERNAL', message });
      return;
    }
    const now = this.#options.now();
    const latencyMs = now - call.sentAt;
    this.#latency.note(latencyMs, call.alone, now);
    this.wantsAlone = this.#latency.wantsAlone(now);
    sink.onResponse({ body, bodyBytes, jsonBytes, timings: this.#latency.split(latencyMs) });
  }

  #onTooLong(call: HttpCall): void {
    const message = `the server's answer has more than ${this.#options.maxAnswerBytes} bytes, which is the limit`;
    this.#calls.take(call.stream)?.sink.onError({ code: 'INTERNAL', message });
  }

  #onLost(call: HttpCall, reason: string, reached: boolean): void {
    if (!this.#calls.take(call.stream)) return;
    // The state first, as above. What else is under way may come to its end: a server that goes in order takes no new
    // connections and finishes what it has.
    if (this.#state !== 'unresponsive') this.#setState('connecting', reason);
    this.#ask();
    call.sink.onFailure(reached ? 'lost' : 'busy');
  }

  /** Hands every request under way back, so that it can go elsewhere. */
  #fail(failure: ChannelFailure): void {
    const failed = this.#calls.entries();
    for (const [stream, call] of failed) {
      this.#calls.take(stream);
      call.abandon();
    }
    for (const [, call] of failed) call.sink.onFailure(failure);
  }

  #setState(state: ChannelState, reason: string): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#options.onStateChange(state, reason);
  }
}
