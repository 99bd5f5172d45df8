/** The API's page and its assets are served, with nothing else of the disk, and load nothing from elsewhere. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

interface RawAnswer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

describe('the page at /docs', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ flags: ['--replicas', '1'] });
  });

  afterAll(() => server?.close());

  /** Sends the path as it stands: `fetch` would resolve its dots before anything is sent. */
  function get(path: string, method = 'GET'): Promise<RawAnswer> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      request({ hostname, port, path, method }, async (res) => {
        const chunks: Buffer[] = [];
        for await (const chunk of res) chunks.push(chunk as Buffer);
        const { statusCode: status, headers } = res;
        resolve({ status, type: headers['content-type'], headers, body: Buffer.concat(chunks).toString() });
      })
        .on('error', reject)
        .end();
    });
  }

  it('is where a browser that opens the server ends up', async () => {
    const { status, headers } = await get('/');
    expect(status).toBe(302);
    expect(headers.location).toBe('/docs');
  });

  it.each(['/docs', '/docs/'])('is HTML at %s', async (path) => {
    const { status, type, body } = await get(path);
    expect(status).toBe(200);
    expect(type).toBe('text/html; charset=utf-8');
    expect(body).toContain('<!doctype html>');
  });

  it('finds all that it refers to, on this server', async () => {
    const { body } = await get('/docs');
    const targets = Array.from(body.matchAll(/(?:src|href)="([^"]*)"/g), ([, target]) => target as string);
    expect(targets).toHaveLength(4);
    for (const target of targets) {
      expect(target).toMatch(/^\/docs\/[\w.-]+$/);
      expect((await get(target)).status, target).toBe(200);
    }
  });

  it.each([
    ['swagger-ui.css', 'text/css; charset=utf-8'],
    ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
    ['start.js', 'text/javascript; charset=utf-8'],
    ['favicon-32x32.png', 'image/png'],
  ])('serves %s as %s', async (name, expected) => {
    const { status, type, headers, body } = await get(`/docs/${name}`);
    expect(status).toBe(200);
    expect(type).toBe(expected);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(body.length).toBeGreaterThan(100);
    const head = await get(`/docs/${name}`, 'HEAD');
    expect(head.status).toBe(200);
    expect(head.headers['content-length']).toBe(headers['content-length']);
    expect(head.body).toBe('');
  });

  it('forbids scripts, frames and connections other than its own', async () => {
    const { headers, body } = await get('/docs');
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.some((rule) => rule.startsWith('script-src') || rule.startsWith('connect-src'))).toBe(
      false,
    );
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });

  it('does not show the document to the validator of its makers', async () => {
    const { body } = await get('/docs/start.js');
    expect(body).toContain("validatorUrl: 'none'");
    expect(body).toContain("url: '/openapi.json'");
  });

  it.each([
    '/docs/absent.js',
    '/docs/package.json',
    '/docs/swagger-ui-bundle.js.map',
    '/docs/__proto__',
    '/docs/constructor',
    '/docs/..%2fpackage.json',
    '/docs/..%2f..%2f..%2fpackage.json',
    '/docs/%2e%2e',
    '/docs/%2e%2e%2fswagger-ui-dist%2fpackage.json',
    '/docs/..%5cpackage.json',
    '/docs/../docs/package.json',
    '/docs/swagger-ui.css%00',
    '/docs/%ff',
    '/docs//swagger-ui.css',
    '/docs/swagger-ui.css/more',
  ])('has nothing at %s', async (path) => {
    const { status, type, body } = await get(path);
    expect(status).toBe(404);
    expect(type).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', title: 'Not Found', status: 404 });
  });

  it('is not to be written to', async () => {
    const { status, type, headers } = await get('/docs', 'POST');
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
    expect(type).toBe('application/problem+json');
  });
});
