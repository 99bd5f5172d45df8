/** The OpenAPI document of the gateway's HTTP interface. */

export function openApiDocument(version: string): object {
  return { openapi: '3.1.0', info: { title: 'Turntable', version }, paths: {} };
}
