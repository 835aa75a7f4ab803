import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from './contract.ts';
import { startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
// biome-ignore lint/suspicious/noExplicitAny: a document to be looked into
let served: any;
beforeAll(async () => {
  api = await startVoicex();
  served = (await api.app.inject({ url: '/voicex/openapi.json' })).json();
});
afterAll(() => api[Symbol.asyncDispose]());

const takesKey = (operation: { parameters?: { name: string }[] }) =>
  operation.parameters?.some(({ name }) => name === 'idempotency-key') ?? false;

describe('the served OpenAPI document', () => {
  it.each([...OPERATIONS.values()].map((o) => [o.id, o] as const))(
    'has %s as the contract does',
    (id, operation) => {
      const documented = served.paths[operation.path]?.[operation.method.toLowerCase()];
      expect(documented?.operationId).toBe(id);
      const statuses = Object.keys(documented.responses).map(Number);
      const beyond = takesKey(documented) ? [409] : [];
      expect(statuses.filter((status) => ![...operation.statuses, ...beyond].includes(status))).toEqual([]);
      expect(statuses.some((status) => status < 300)).toBe(true);
      expect(statuses).toEqual(expect.arrayContaining([429, 500]));
      const isOpen = Array.isArray(documented.security) && documented.security.length === 0;
      expect(isOpen).toBe(!operation.isProtected);
    },
  );

  it('has nothing beyond the contract but these', () => {
    const ids = Object.values(served.paths).flatMap((methods) =>
      Object.values(methods as Record<string, { operationId: string }>).map((o) => o.operationId),
    );
    expect(ids.filter((id) => !OPERATIONS.has(id)).sort()).toEqual([
      'getAuditLog',
      'getRecording',
      'getWebhookSecret',
      'listWebhookDeliveries',
      'testProvider',
    ]);
  });

  it('is readable in a browser', async () => {
    expect((await api.app.inject({ url: '/voicex/docs/' })).statusCode).toBe(200);
  });
});
