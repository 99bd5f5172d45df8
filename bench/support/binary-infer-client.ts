/** A client that sends one request with a large binary tensor after the other (OIP v2, binary tensor data). */
import { Agent, request } from 'node:http';

export interface BinaryTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export interface BinaryAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** Keeps one connection. Asks for binary outputs, as a client that sends binary inputs would. */
export class BinaryInferClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string | number>>;
  readonly #body: Buffer;

  constructor(url: string, { name, shape, data }: BinaryTensor) {
    const parameters = { binary_data_size: data.byteLength };
    const inputs = [{ name, shape, datatype: 'FP32', parameters }];
    const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
    this.#url = url;
    this.#body = Buffer.concat([json, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
    this.#headers = {
      'content-type': 'application/octet-stream',
      'content-length': this.#body.length,
      'inference-header-content-length': json.length,
    };
  }

  get bodyBytes(): number {
    return this.#body.length;
  }

  send(): Promise<BinaryAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<BinaryAnswer>();
    const options = { method: 'POST', agent: this.#agent, headers: this.#headers };
    const sent = request(this.#url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
    sent.end(this.#body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
