import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { fixtureApp, keepingLog } from './fixture.ts';

describe('probes', () => {
  it('readiness names each need and is 503 while one is unmet', async () => {
    let speech: 'ready' | 'loading' = 'loading';
    const checks = [
      { name: 'database', check: async () => {} },
      {
        name: 'speech',
        check: async () => {
          if (speech === 'loading') throw new Error('secret detail');
        },
      },
    ];
    const log = keepingLog();
    await using app = await fixtureApp({ checks, log });
    const before = await app.inject({ url: '/readyz' });
    expect(before.statusCode).toBe(503);
    expect(before.json()).toEqual({ status: 'not ready', checks: { database: 'ok', speech: 'failed' } });
    expect((await app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' });
    expect(before.body).not.toContain('secret');
    expect(log.lines.find((line) => line.level === 'warn')?.fields).toMatchObject({ check: 'speech' });
    speech = 'ready';
    const after = await app.inject({ url: '/readyz' });
    expect({ status: after.statusCode, body: after.json() }).toEqual({
      status: 200,
      body: { status: 'ready', checks: { database: 'ok', speech: 'ok' } },
    });
  });

  it('a need that never answers counts as unmet', async () => {
    await using app = await fixtureApp({ checks: [{ name: 'queue', check: () => new Promise(() => {}) }] });
    expect((await app.inject({ url: '/readyz' })).json()).toMatchObject({ checks: { queue: 'failed' } });
  });

  it('metrics are Prometheus text', async () => {
    const metrics = new Registry();
    new Counter({ name: 'calls_total', help: 'Calls', registers: [metrics] }).inc(3);
    await using app = await fixtureApp({ metrics });
    const response = await app.inject({ url: '/metrics' });
    expect(response.headers['content-type']).toContain('text/plain');
    expect(response.body).toContain('calls_total 3');
  });
});
