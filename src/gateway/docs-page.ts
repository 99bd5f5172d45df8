/** The page that renders the OpenAPI document: Swagger UI, served from the installed package. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { replyProblem, replyText } from './reply.ts';

/** The only files of the package that are served. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const START = `window.addEventListener('load', () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#docs',
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    defaultModelsExpandDepth: 0,
    // Or it would have a server of its makers look at the document.
    validatorUrl: 'none',
  });
});
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Turntable API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** The page loads nothing from elsewhere, runs no script but its own, and is shown in nobody's frame. */
const POLICY = [
  "default-src 'self'",
  // Swagger UI sets styles on elements and draws its icons from data URLs.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export class DocsPage {
  readonly #directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

  page(res: ServerResponse): void {
    res.setHeader('content-security-policy', POLICY);
    res.setHeader('x-content-type-options', 'nosniff');
    replyText(res, 200, 'text/html; charset=utf-8', PAGE);
  }

  asset(name: string, res: ServerResponse): void {
    res.setHeader('x-content-type-options', 'nosniff');
    if (name === 'start.js') return replyText(res, 200, 'text/javascript; charset=utf-8', START);
    const contentType = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (contentType === undefined) return replyProblem(res, 'NOT_FOUND', 'there is no such file');
    // Read when asked for: the bundle is large and hardly ever wanted.
    readFile(join(this.#directory, name)).then(
      (file) => replyText(res, 200, contentType, file),
      (error: Error) => replyProblem(res, 'INTERNAL', error.message),
    );
  }
}
