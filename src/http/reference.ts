import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import type { Dialect, Reference } from './dialect.ts';
import { finishDocument } from './open-api.ts';

/**
 * Serves what the routes of this dialect say of themselves: `openapi.json`, generated from their schemas, and `docs`,
 * the same to read in a browser. All of the page's parts come from this server.
 */
export async function serveReference(
  app: FastifyInstance,
  dialect: Dialect,
  reference: Reference,
): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (route.schema?.hide) route.config = { ...route.config, access: 'public' };
  });
  await app.register(swagger, {
    transformObject: (parts) => finishDocument('openapiObject' in parts ? parts.openapiObject : {}),
    openapi: {
      openapi: '3.1.0',
      info: {
        title: reference.title,
        version: reference.version,
        description: reference.description,
      },
      servers: [{ url: dialect.prefix }],
      components: { securitySchemes: { ...reference.securitySchemes } },
      security: reference.security.map((alternative) =>
        Object.fromEntries(Object.entries(alternative).map(([name, scopes]) => [name, [...scopes]])),
      ),
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(async (page) => {
    page.addHook('onRequest', async (request, reply) => {
      reply.header('content-security-policy', PAGE_POLICY);
      if (request.url.endsWith('.js')) reply.header('cache-control', 'public, max-age=3600');
    });
    await page.register(scalar, {
      routePrefix: '/docs',
      configuration: {
        url: `${dialect.prefix}/openapi.json`,
        pageTitle: reference.title,
        withDefaultFonts: false,
        telemetry: false,
        hideClientButton: true,
        mcp: { disabled: true },
        agent: { disabled: true },
        showDeveloperTools: 'never',
      },
    });
  });
}

/** The page starts from an inline script and styles itself; nothing is fetched from anywhere else. */
const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "frame-ancestors 'self'",
  "object-src 'none'",
].join(';');
