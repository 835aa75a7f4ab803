import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { CarrierSignatures } from '#core/ports';
import { signedHeaders } from '#gateways/twilio-media/signed-headers';
import type { Transfers } from '#gateways/twilio-media/transfers';
import { acceptForms } from '#http/body-parsers';
import { dial, hangup } from '#http/twiml';

export interface AfterStreamDeps {
  /** What absolute URLs start with: the carrier signs the public one. */
  publicUrl: string;
  signatures: CarrierSignatures;
  transfers: Transfers;
}

/** The `action` of the TwiML's Connect: what the carrier asks when a stream has ended. */
export const AFTER_STREAM_PATH = '/media/twilio/after';

/**
 * The route behind `AFTER_STREAM_PATH`: dials where the call was to be transferred, hangs up otherwise. A request
 * whose signature does not fit is refused with 403 and leaves the transfer pending.
 */
export function afterStream(deps: AfterStreamDeps): FastifyPluginAsync {
  const publicUrl = deps.publicUrl.replace(/\/+$/, '');
  return async (app) => {
    acceptForms(app);
    app.post(AFTER_STREAM_PATH, async (request, reply) => {
      const form = formOf(request);
      if (!deps.signatures.verify(signedRequest(request, publicUrl + request.originalUrl))) {
        return reply.status(403).send({ error: 'The request is not signed by the carrier.' });
      }
      const to = form.CallSid === undefined ? null : await deps.transfers.take(form.CallSid);
      return reply.type('text/xml; charset=utf-8').send(to === null ? hangup() : dial({ to }));
    });
  };
}

function formOf(request: FastifyRequest): Record<string, string> {
  return (request.body ?? {}) as Record<string, string>;
}

function signedRequest(request: FastifyRequest, url: string) {
  return {
    method: 'POST',
    url,
    headers: signedHeaders(request.headers),
    rawBody: request.rawBody ?? new Uint8Array(0),
    form: formOf(request),
  };
}
