/** Endpoint URLs of servers that speak HTTP. */
import { describe, expect, it } from 'vitest';
import { parseHttpEndpoint } from './endpoint.ts';

describe('an HTTP endpoint', () => {
  it.each([
    ['http://h:8000', 'h', 8000, '/v2/models/a-model/infer'],
    ['http://h:8000/', 'h', 8000, '/v2/models/a-model/infer'],
    ['http://h', 'h', 80, '/v2/models/a-model/infer'],
    ['https://h', 'h', 443, '/v2/models/a-model/infer'],
    ['http://[::1]:8000', '::1', 8000, '/v2/models/a-model/infer'],
    ['http://h:1/v2/models/b/versions/3/infer', 'h', 1, '/v2/models/b/versions/3/infer'],
    ['http://h:1/predict?raw=1', 'h', 1, '/predict?raw=1'],
  ])('%s leads to its place', (endpoint, host, port, path) => {
    expect(parseHttpEndpoint(endpoint, 'a-model')).toMatchObject({ host, port, path });
  });

  it.each(['h:8000', 'ftp://h', 'http://', 'grpc://h:1', ''])('is not %j', (endpoint) => {
    expect(() => parseHttpEndpoint(endpoint, 'm')).toThrow('is not an endpoint: expected http://host:port');
  });

  it('has no password, which everybody could read in the table, and shows none', () => {
    expect(() => parseHttpEndpoint('http://ann:secret@h', 'm')).toThrow('"http://***@h" is not an endpoint');
  });
});
