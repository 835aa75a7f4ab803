import { describe, expect, it } from 'vitest';
import { fixtureApp } from './fixture.ts';

const open = (app: Awaited<ReturnType<typeof fixtureApp>>, key?: string) =>
  app.inject({ url: '/fixture/things', headers: key ? { 'x-key': key } : {} });

describe('rate limits', () => {
  it('counts each credential on its own and tells when to come back', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: 3 } });
    for (let i = 0; i < 3; i++) expect((await open(app, 'good-1')).statusCode).toBe(200);
    const refused = await open(app, 'good-1');
    expect(refused.statusCode).toBe(429);
    expect(refused.json().code).toBe('rate_limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await open(app, 'good-2')).statusCode).toBe(200);
  });

  it('counts those without a credential by address, unknown paths too', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: 2 } });
    expect((await app.inject({ url: '/fixture/open' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/fixture/nowhere' })).statusCode).toBe(404);
    expect((await app.inject({ url: '/fixture/open' })).statusCode).toBe(429);
    const elsewhere = await app.inject({ url: '/fixture/open', remoteAddress: '198.51.100.9' });
    expect(elsewhere.statusCode).toBe(200);
  });

  it('an address that tries many credentials is stopped sooner than a good one would be', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: 10 } });
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) statuses.push((await open(app, `bad-${i}`)).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('a credential known to be good goes on working beside those bad ones', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: 10 } });
    expect((await open(app, 'good-before')).statusCode).toBe(200);
    for (let i = 0; i < 6; i++) await open(app, `bad-${i}`);
    expect((await open(app, 'good-before')).statusCode).toBe(200);
    expect((await open(app, 'good-new')).statusCode).toBe(429);
  });

  it('many guesses at once cannot all begin before the first has failed', async () => {
    await using app = await fixtureApp();
    const payload = { email: 'a@b.co', password: 'wrong' };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => app.inject({ method: 'POST', url: '/fixture/sign-in', payload })),
    );
    const tried = answers.filter((answer) => answer.statusCode === 401).length;
    expect(tried).toBeLessThanOrEqual(60);
  });

  it('behind a proxy the client’s own address counts; a stranger’s word on it does not', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: 1 } });
    const from = async (remoteAddress: string, forwarded: string) =>
      (await app.inject({ url: '/fixture/open', remoteAddress, headers: { 'x-forwarded-for': forwarded } }))
        .statusCode;
    expect(await from('10.0.0.1', '203.0.113.1')).toBe(200);
    expect(await from('10.0.0.1', '203.0.113.2')).toBe(200);
    expect(await from('10.0.0.1', '203.0.113.1')).toBe(429);
    expect(await from('198.51.100.7', '203.0.113.8')).toBe(200);
    expect(await from('198.51.100.7', '203.0.113.9')).toBe(429);
  });

  it('asking without any credential is no guess', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: 10 } });
    for (let i = 0; i < 8; i++) expect((await open(app)).statusCode).toBe(401);
    expect((await open(app, 'good')).statusCode).toBe(200);
  });

  it('ten wrong passwords a minute for one address and e-mail, whatever RATE_LIMIT says', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: null } });
    const signIn = async (email: string, password: string, remoteAddress = '127.0.0.1') => {
      const payload = { email, password };
      return (await app.inject({ method: 'POST', url: '/fixture/sign-in', payload, remoteAddress }))
        .statusCode;
    };
    for (let i = 0; i < 10; i++) expect(await signIn('a@b.co', `wrong-${i}`)).toBe(401);
    expect(await signIn('a@b.co', 'right')).toBe(429);
    expect(await signIn('other@b.co', 'right')).toBe(200);
    expect(await signIn('a@b.co', 'right', '10.1.1.1')).toBe(200);
  });

  it('signing in rightly costs nothing', async () => {
    await using app = await fixtureApp();
    const payload = { email: 'a@b.co', password: 'right' };
    for (let i = 0; i < 25; i++)
      expect((await app.inject({ method: 'POST', url: '/fixture/sign-in', payload })).statusCode).toBe(200);
  });

  it('off lets everything through', async () => {
    await using app = await fixtureApp({ config: { rateLimitPerMinute: null } });
    for (let i = 0; i < 700; i++) expect((await open(app, 'good')).statusCode).toBe(200);
  });
});
