/** The OpenAPI document is valid and names all that is routed; openapi-answers.test.ts holds servers to it. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/gateway/openapi.ts';
import { PATTERNS } from '../../src/gateway/router.ts';
import { ApiContract } from '../support/api-contract.ts';

const document = openApiDocument('0.0.0-test') as { tags: { name: string }[] };
const contract = new ApiContract(document);

/** Routed, but nothing to program against. */
const NOT_DOCUMENTED = ['GET /', 'GET /docs/{asset}'];

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document) as Record<string, unknown>);
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('names every operation that is routed and no other', () => {
    const routed = PATTERNS.map(({ method, segments }) => `${method} /${segments.join('/')}`);
    const documented = contract.operations.map(({ method, path }) => `${method} ${path}`);
    expect(documented.toSorted()).toEqual(routed.filter((one) => !NOT_DOCUMENTED.includes(one)).toSorted());
  });

  it('gives each operation the parameters of its path, an id of its own and a tag', () => {
    for (const { operationId, path, parameters, tags } of contract.operations) {
      const named = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      expect(named, operationId).toEqual(inPath);
      expect(tags.map((tag) => document.tags.some(({ name }) => name === tag))).toEqual([true]);
    }
    const ids = contract.operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has strict JSON schemas and only examples that satisfy them', () => {
    for (const { where, media } of contract.mediaTypes) {
      const { schema, example, examples = {} } = media;
      const values = Object.values(examples).map(({ value }) => value);
      for (const value of example === undefined ? values : [example, ...values]) {
        contract.validate(schema ?? {}, value, where);
      }
      // Compiles a schema without examples too; what it says of this value does not matter.
      expect(() => contract.validate(schema ?? {}, undefined, where)).not.toThrow(
        /strict mode|can't resolve/,
      );
    }
  });
});
