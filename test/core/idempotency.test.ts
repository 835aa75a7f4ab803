import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';
import { openPlatform, outcomes, type Platform } from './platform.ts';

let platform: Platform;
let scope: Scope;
beforeAll(async () => {
  platform = await openPlatform();
  scope = (await platform.tenant()).scope;
});
afterAll(() => platform.close());

const answer = { status: 201, contentType: 'application/json', body: '{"rawKey":"vx_shown_once"}' };
let count = 0;
const request = (change: object = {}) => ({
  key: `key-${++count}`,
  operation: 'POST /things',
  requestHash: 'hash of it',
  ...change,
});
const begun = async (order: ReturnType<typeof request>, as = scope) => {
  const start = await platform.idempotency.begin(as, order);
  if (start.kind !== 'begun') throw new Error('it was answered');
  return start.run;
};

describe('idempotency keys', () => {
  it('a repeat gets the first answer, byte for byte', async () => {
    const order = request();
    await platform.idempotency.finish(scope, await begun(order), answer);
    expect(await platform.idempotency.begin(scope, order)).toEqual({ kind: 'answered', answer });
  });

  it('of many at once exactly one begins; the others are told to come back', async () => {
    const order = request();
    const { won, codes } = await outcomes(Array.from({ length: 8 }, () => begun(order)));
    expect(won).toBe(1);
    expect(codes).toEqual(Array(7).fill('conflict'));
    await expect(begun(order)).rejects.toMatchObject({ code: 'conflict', retryAfterMs: 1_000 });
  });

  it('another request with the key is refused, while the first runs and after', async () => {
    const order = request();
    const other = { ...order, requestHash: 'another' };
    const run = await begun(order);
    await expect(begun(other)).rejects.toMatchObject({ code: 'invalid', field: 'Idempotency-Key' });
    await platform.idempotency.finish(scope, run, answer);
    await expect(begun(other)).rejects.toMatchObject({ code: 'invalid' });
    await expect(begun({ ...order, operation: 'POST /others' })).rejects.toMatchObject({ code: 'invalid' });
  });

  it('a key is the tenant’s own', async () => {
    const order = request();
    await platform.idempotency.finish(scope, await begun(order), answer);
    const other = (await platform.tenant()).scope;
    await platform.idempotency.finish(other, await begun(order, other), { ...answer, body: '{}' });
    expect(await platform.idempotency.begin(scope, order)).toMatchObject({ answer });
  });

  it('is no way round a role: who may do less is not shown the answer', async () => {
    const order = request();
    await platform.idempotency.finish(scope, await begun(order), answer);
    const viewer = makeScope(scope.tenantId, { kind: 'user', userId: newId('usr') }, 'viewer');
    await expect(begun(order, viewer)).rejects.toMatchObject({ code: 'invalid' });
    const admin = makeScope(scope.tenantId, { kind: 'key', keyId: newId('key') }, 'admin');
    expect(await platform.idempotency.begin(admin, order)).toMatchObject({ kind: 'answered' });
  });

  it.each([
    [200, 'answered'],
    [201, 'answered'],
    [400, 'answered'],
    [403, 'answered'],
    [409, 'answered'],
    [429, 'begun'],
    [500, 'begun'],
    [503, 'begun'],
  ])('after %i a repeat is %s', async (status, kind) => {
    const order = request();
    await platform.idempotency.finish(scope, await begun(order), { ...answer, status });
    expect((await platform.idempotency.begin(scope, order)).kind).toBe(kind);
  });

  it('a process that was killed lets go of its keys after two minutes, and its late answer counts for nothing', async () => {
    const order = request();
    const lost = await begun(order);
    platform.clock.advance(119_000);
    await expect(begun(order)).rejects.toMatchObject({ code: 'conflict' });
    platform.clock.advance(2_000);
    const second = await begun(order);
    await platform.idempotency.finish(scope, lost, { ...answer, body: '"late"' });
    await expect(begun(order)).rejects.toMatchObject({ code: 'conflict' });
    await platform.idempotency.finish(scope, second, answer);
    expect(await platform.idempotency.begin(scope, order)).toMatchObject({ answer });
  });

  it('is kept for a day, then forgotten and swept away', async () => {
    const order = request();
    await platform.idempotency.finish(scope, await begun(order), answer);
    platform.clock.advance(24 * 3_600_000 - 1_000);
    expect((await platform.idempotency.begin(scope, order)).kind).toBe('answered');
    platform.clock.advance(2_000);
    expect((await platform.idempotency.begin(scope, { ...order, requestHash: 'new' })).kind).toBe('begun');
    platform.clock.advance(25 * 3_600_000);
    expect(await platform.idempotency.sweep()).toBeGreaterThan(0);
    expect(await platform.rows('select * from idempotency_keys')).toEqual([]);
  });

  it.each(['', ' ', ' a', 'a ', 'ä', 'a\n', 'x'.repeat(256)])('%j is no key', async (key) => {
    await expect(begun(request({ key }))).rejects.toMatchObject({
      code: 'invalid',
      field: 'Idempotency-Key',
    });
  });

  it('takes 255 characters, and stores answers sealed', async () => {
    const order = request({ key: 'x'.repeat(255) });
    await platform.idempotency.finish(scope, await begun(order), answer);
    const [row] = await platform.rows<{ answer: string }>(
      'select answer from idempotency_keys where key = $1',
      [order.key],
    );
    expect(row!.answer).not.toContain('shown_once');
    expect(await platform.idempotency.begin(scope, order)).toMatchObject({ answer });
  });
});
