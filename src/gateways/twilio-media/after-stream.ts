import type { FastifyPluginAsync } from 'fastify';
import { BUSY } from '#core/dialing/reception';
import type { Transfers } from '#core/dialing/transfers';
import type { CarrierSignatures } from '#core/ports';
import { acceptForms } from '#http/body-parsers';
import { signedRequest } from '#http/signed-request';
import { dial, hangup, sayAndHangUp } from '#http/twiml';

export interface AfterStreamDeps {
  /** What absolute URLs start with: the carrier signs the public one. */
  publicUrl: string;
  signatures: CarrierSignatures;
  transfers: Transfers;
  /** Whether the call with that carrier id was ever connected. */
  hasBegun(callSid: string): Promise<boolean>;
}

/** The `action` of the TwiML's Connect: what the carrier asks when a stream has ended. */
export const AFTER_STREAM_PATH = '/media/twilio/after';

/**
 * The route behind `AFTER_STREAM_PATH`: dials where the call was to be transferred, hangs up otherwise, with words where
 * its stream was turned away and nobody has spoken with the caller. A request whose signature does not fit is refused
 * with 403 and leaves the transfer pending.
 */
export function afterStream(deps: AfterStreamDeps): FastifyPluginAsync {
  const publicUrl = deps.publicUrl.replace(/\/+$/, '');
  return async (app) => {
    acceptForms(app);
    app.post(AFTER_STREAM_PATH, async (request, reply) => {
      const signed = signedRequest(request, publicUrl);
      if (!deps.signatures.verify(signed)) {
        return reply.status(403).send({ error: 'The request is not signed by the carrier.' });
      }
      reply.type('text/xml; charset=utf-8');
      return reply.send(await next(signed.form.CallSid, deps));
    });
  };
}

async function next(
  callSid: string | undefined,
  { transfers, hasBegun }: Pick<AfterStreamDeps, 'transfers' | 'hasBegun'>,
): Promise<string> {
  if (callSid === undefined) return hangup();
  const to = await transfers.take(callSid);
  if (to !== null) return dial({ to });
  return (await hasBegun(callSid)) ? hangup() : sayAndHangUp(BUSY);
}
