import { describe, expect, it } from 'vitest';
import { fixtureApp, fixtureDialect } from './fixture.ts';

describe('the served reference', () => {
  it('is generated from the routes, with the contract’s own paths', async () => {
    await using app = await fixtureApp({ dialects: [fixtureDialect('one'), fixtureDialect('two')] });
    for (const name of ['one', 'two']) {
      const response = await app.inject({ url: `/${name}/openapi.json` });
      const document = response.json();
      expect(document.openapi).toBe('3.1.0');
      expect(document.servers).toEqual([{ url: `/${name}` }]);
      expect(Object.keys(document.paths).sort()).toEqual([
        '/bug',
        '/open',
        '/sign-in',
        '/things',
        '/things/{id}',
      ]);
      expect(document.paths['/things'].post).toMatchObject({ summary: 'Make a thing' });
      expect(document.paths['/things'].head).toBeUndefined();
      expect(document.components.securitySchemes.key).toMatchObject({ in: 'header', name: 'x-key' });
    }
    expect((await app.inject({ url: '/admin/openapi.json' })).statusCode).toBe(404);
  });

  it('the page takes all it needs from this server', async () => {
    await using app = await fixtureApp();
    const redirect = await app.inject({ url: '/fixture/docs' });
    const page = await app.inject({ url: redirect.headers.location ?? '/fixture/docs/' });
    expect(page.statusCode).toBe(200);
    const sources = [...page.body.matchAll(/\b(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(source).not.toMatch(/^(https?:)?\/\//);
      const asset = await app.inject({ url: new URL(source, 'http://x/fixture/docs/').pathname });
      expect(asset.statusCode).toBe(200);
    }
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/https?:\/\/|\bhttps:/);
  });
});
