import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT } from './contract.ts';
import { startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
// biome-ignore lint/suspicious/noExplicitAny: a document to be looked into
let served: any;
beforeAll(async () => {
  api = await startVeevo();
  served = (await api.app.inject({ url: '/veevo/openapi.json' })).json();
});
afterAll(() => api[Symbol.asyncDispose]());

/** Beyond the contract: too many requests, and an idempotency key whose first request is still running. */
const ADDED = [429, 409];

describe('the served OpenAPI document', () => {
  it.each([...CONTRACT.operations.values()].map((o) => [o.id, o] as const))(
    'has %s as the contract does',
    (id, operation) => {
      const documented = served.paths[operation.path]?.[operation.method.toLowerCase()];
      expect(documented?.operationId).toBe(id);
      const statuses = Object.keys(documented.responses).map(Number);
      const allowed = [...operation.statuses, ...ADDED];
      expect(statuses.filter((status) => !allowed.includes(status))).toEqual([]);
      expect(statuses.some((status) => status < 300)).toBe(true);
      expect(statuses).toEqual(expect.arrayContaining([429, 500]));
      const isOpen = Array.isArray(documented.security) && documented.security.length === 0;
      expect(isOpen).toBe(!operation.isProtected);
    },
  );

  it('has nothing beyond the contract but what callbacks need and another way to the checkout', () => {
    const ids = Object.values(served.paths).flatMap((methods) =>
      Object.values(methods as Record<string, { operationId: string }>).map((o) => o.operationId),
    );
    expect(ids.filter((id) => !CONTRACT.operations.has(id))).toEqual([
      'openCheckout',
      'listDeliveries',
      'getSigningSecret',
    ]);
    expect(ids).toHaveLength(18);
  });

  it('takes the bodies that the contract shows as examples', async () => {
    for (const { id, example, method } of CONTRACT.operations.values()) {
      if (example === undefined || method === 'GET' || id === 'receiveVoiceCall') continue;
      const schema = served.paths[CONTRACT.operation(id).path][method.toLowerCase()].requestBody;
      const properties = Object.keys(schema.content['application/json'].schema.properties);
      expect(properties, id).toEqual(expect.arrayContaining(Object.keys(example as object)));
    }
  });

  it('is readable in a browser', async () => {
    expect((await api.app.inject({ url: '/veevo/docs/' })).statusCode).toBe(200);
  });
});
