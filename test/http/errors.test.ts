import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureApp, keepingLog } from './fixture.ts';

const log = keepingLog();
let app: FastifyInstance;
beforeAll(async () => {
  app = await fixtureApp({ log });
});
afterAll(() => app.close());

const good = { 'x-key': 'good' };
const json = { 'content-type': 'application/json' };

describe('errors reach the client in the dialect’s own body', () => {
  it.each([
    ['unknown path', { method: 'GET', url: '/fixture/nowhere' }, 404, 'not_found'],
    ['unknown path without a credential', { method: 'POST', url: '/fixture/a/b' }, 404, 'not_found'],
    ['the bare prefix', { method: 'GET', url: '/fixture' }, 404, 'not_found'],
    ['a method that the path does not have', { method: 'PUT', url: '/fixture/things' }, 404, 'not_found'],
    ['broken percent sign', { method: 'GET', url: '/fixture/things/%E0%A4%A' }, 422, 'invalid'],
    ['no credential', { method: 'GET', url: '/fixture/things' }, 401, 'unauthenticated'],
    [
      'no credential and a bad body',
      { method: 'POST', url: '/fixture/things', headers: json, payload: '{' },
      401,
      'unauthenticated',
    ],
    [
      'malformed JSON',
      { method: 'POST', url: '/fixture/things', headers: { ...good, ...json }, payload: '{"a":' },
      422,
      'invalid',
    ],
    ['no body', { method: 'POST', url: '/fixture/things', headers: good }, 422, 'invalid'],
    [
      'empty body',
      { method: 'POST', url: '/fixture/things', headers: { ...good, ...json }, payload: '' },
      422,
      'invalid',
    ],
    [
      'a body that is no object',
      { method: 'POST', url: '/fixture/things', headers: { ...good, ...json }, payload: '[1]' },
      422,
      'invalid',
    ],
    [
      'prototype poisoning',
      {
        method: 'POST',
        url: '/fixture/things',
        headers: { ...good, ...json },
        payload: '{"name":"a","__proto__":{"x":1}}',
      },
      422,
      'invalid',
    ],
    [
      'wrong media type',
      {
        method: 'POST',
        url: '/fixture/things',
        headers: { ...good, 'content-type': 'text/csv' },
        payload: 'a,b',
      },
      422,
      'unsupported',
    ],
    [
      'oversize body',
      {
        method: 'POST',
        url: '/fixture/things',
        headers: { ...good, ...json },
        payload: JSON.stringify({ name: 'a'.repeat(1_100_000) }),
      },
      422,
      'invalid',
    ],
    [
      'NUL in text',
      {
        method: 'POST',
        url: '/fixture/things',
        headers: { ...good, ...json },
        payload: '{"name":"a\\u0000b"}',
      },
      422,
      'invalid',
    ],
    [
      'a lone surrogate',
      {
        method: 'POST',
        url: '/fixture/things',
        headers: { ...good, ...json },
        payload: '{"name":"a\\ud800"}',
      },
      422,
      'invalid',
    ],
    [
      'JSON nested without end',
      {
        method: 'POST',
        url: '/fixture/things',
        headers: { ...good, ...json },
        payload: `{"name":"a","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      },
      422,
      'invalid',
    ],
    [
      'a number that is none',
      { method: 'GET', url: '/fixture/things?skip=ten', headers: good },
      422,
      'invalid',
    ],
    [
      'a broken number for an integer',
      { method: 'GET', url: '/fixture/things?skip=1.5', headers: good },
      422,
      'invalid',
    ],
    ['a bug', { method: 'GET', url: '/fixture/bug', headers: good }, 500, 'internal'],
  ] as const)('%s', async (_what, request, status, code) => {
    const response = await app.inject(request);
    expect({ status: response.statusCode, code: response.json().code }).toEqual({ status, code });
    expect(response.json().oops).toEqual(expect.any(String));
    expect(response.json().requestId).toBe(response.headers['x-request-id']);
  });

  it('names the field at fault', async () => {
    const missing = await app.inject({ method: 'POST', url: '/fixture/things', headers: good, payload: {} });
    expect(missing.json()).toMatchObject({ field: 'name', oops: 'name is required.' });
    const wrong = await app.inject({
      method: 'POST',
      url: '/fixture/things',
      headers: good,
      payload: { name: 'a', size: 'big' },
    });
    expect(wrong.json()).toMatchObject({ field: 'size', oops: 'size must be integer.' });
  });

  it('a 500 tells no internals; the log does, with the request id', async () => {
    const response = await app.inject({
      method: 'GET',
      url: '/fixture/bug?api_key=abc',
      headers: { ...good, 'x-request-id': 'find-me' },
    });
    expect(response.body).not.toContain('hunter2');
    const line = log.lines.find((l) => l.level === 'error' && l.fields.requestId === 'find-me');
    expect(line?.fields).toMatchObject({ route: '/fixture/bug', error: expect.stringContaining('hunter2') });
  });

  it('never logs an address, only the route', async () => {
    await app.inject({ method: 'GET', url: '/fixture/open?api_key=vx_secret' });
    await app.inject({ method: 'GET', url: '/fixture/nope?api_key=vx_secret' });
    await app.inject({ method: 'DELETE', url: '/fixture/things/mine', headers: good });
    expect(JSON.stringify(log.lines)).not.toContain('vx_secret');
    expect(log.lines.some((l) => l.fields.route === '/fixture/things/:id')).toBe(true);
  });
});

describe('requests', () => {
  it('bodies are taken as they are and may hold more than the schema names', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/fixture/things',
      headers: good,
      payload: { name: 'a', extra: { deep: 1 } },
    });
    expect(response.json()).toEqual({ name: 'a', extra: { deep: 1 } });
  });

  it('query text becomes numbers and booleans, and defaults are filled in', async () => {
    const given = await app.inject({ method: 'GET', url: '/fixture/things?skip=7&all=true', headers: good });
    expect(given.json()).toEqual({ skip: 7, all: true });
    const left = await app.inject({ method: 'GET', url: '/fixture/things', headers: good });
    expect(left.json()).toEqual({ skip: 0 });
  });

  it('a DELETE with a JSON header and no body is fine, and so is a slash at the end', async () => {
    const response = await app.inject({
      method: 'DELETE',
      url: '/fixture/things/x',
      headers: { ...good, ...json },
    });
    expect(response.statusCode).toBe(200);
    expect((await app.inject({ method: 'GET', url: '/fixture/open/' })).json()).toEqual({ open: true });
  });

  it('HEAD answers like GET without a body; OPTIONS allows any origin', async () => {
    const head = await app.inject({ method: 'HEAD', url: '/fixture/open' });
    expect({ status: head.statusCode, body: head.body }).toEqual({ status: 200, body: '' });
    expect((await app.inject({ method: 'HEAD', url: '/fixture/things' })).statusCode).toBe(401);
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/fixture/things',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-key,content-type',
      },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('*');
    expect(preflight.headers['access-control-allow-headers']).toBe('x-key,content-type');
    expect((await app.inject({ method: 'OPTIONS', url: '/fixture/things' })).statusCode).toBeLessThan(300);
  });

  it('keeps a harmless request id and replaces any other', async () => {
    const ask = async (id: string) =>
      (await app.inject({ url: '/fixture/open', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await ask('abc-123.X_y')).toBe('abc-123.X_y');
    expect(await ask('a b\tc')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ask('a'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers carry the security headers, and other sites may load what we serve', async () => {
    const { headers } = await app.inject({ url: '/fixture/open' });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cross-origin-resource-policy']).toBe('cross-origin');
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  it('outside every dialect: JSON errors of the same simple form', async () => {
    const unknown = await app.inject({ url: '/nowhere' });
    expect({ status: unknown.statusCode, body: unknown.json() }).toEqual({
      status: 404,
      body: { error: expect.any(String) },
    });
    expect((await app.inject({ url: '/%E0%A4%A' })).statusCode).toBe(400);
  });
});
