import type { FastifyRequest } from 'fastify';
import type { SignedRequest } from '#core/ports';

/**
 * A webhook's request as its sender signed it. The address is the public one, whatever a proxy made of it; where a
 * dialect's own Host was asked, that Host's.
 */
export function signedRequest(request: FastifyRequest, publicUrl: string): SignedRequest {
  const rewritten = request.originalUrl !== request.url;
  const origin = rewritten ? `${new URL(publicUrl).protocol}//${request.headers.host}` : publicUrl;
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const rawBody = request.rawBody ?? new Uint8Array();
  return {
    method: request.method,
    url: origin + request.originalUrl,
    headers,
    rawBody,
    form: Object.fromEntries(new URLSearchParams(Buffer.from(rawBody).toString('utf8'))),
  };
}
