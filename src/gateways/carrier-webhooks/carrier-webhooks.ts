import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { dialPaths } from '#core/dialing/far-end';
import type { Dialing } from '#core/dialing/service';
import type { Transfers } from '#core/dialing/transfers';
import { acceptForms } from '#http/body-parsers';
import { signedRequest } from '#http/signed-request';
import { dial, hangup, sayAndHangUp } from '#http/twiml';
import { sendVoiceAnswer } from '#http/voice-answer';
import { type DomainError, toDomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';

export interface CarrierWebhooksDeps {
  readonly dialing: Pick<Dialing, 'answer' | 'report' | 'isGenuine'>;
  readonly transfers: Pick<Transfers, 'take'>;
  /** Whether the call with that carrier id was ever connected. */
  readonly hasBegun: (callSid: string) => Promise<boolean>;
  readonly hasRoom: () => boolean;
  /** What absolute URLs start with: the carrier signs the public one. No slash at its end. */
  readonly publicUrl: string;
  readonly log: Log;
}

/** Said where the fault is ours: the carrier would read out an error of its own otherwise. */
const SORRY = 'I am sorry, this call cannot be connected. Goodbye.';

/** What the carrier asks and tells of the calls that we dial. Each address holds a token that is good for its call. */
export function carrierWebhooks(deps: CarrierWebhooksDeps): FastifyPluginAsync {
  const { dialing, hasRoom, publicUrl, log } = deps;
  return async (app) => {
    acceptForms(app);
    const paths = dialPaths(':token');
    const tokenOf = (request: FastifyRequest) => (request.params as { token: string }).token;
    const mediaOf = (token: string) => {
      const { media, after } = dialPaths(token);
      return { url: publicUrl.replace(/^http/, 'ws') + media, actionUrl: publicUrl + after };
    };
    app.post(paths.answer, async (request, reply) => {
      const token = tokenOf(request);
      try {
        const answer = await dialing.answer(token, signedRequest(request, publicUrl), { hasRoom: hasRoom() });
        return sendVoiceAnswer(reply, answer, mediaOf(token));
      } catch (thrown) {
        const error = toDomainError(thrown);
        if (isRefusal(error)) return refuse(reply, error);
        log.error({ err: error, requestId: request.id }, 'answered call not taken');
        return sendVoiceAnswer(reply, { does: 'say', text: SORRY }, mediaOf(token));
      }
    });
    app.post(paths.status, async (request, reply) => {
      try {
        await dialing.report(tokenOf(request), signedRequest(request, publicUrl));
        return reply.status(204).send();
      } catch (thrown) {
        const error = toDomainError(thrown);
        if (isRefusal(error)) return refuse(reply, error);
        throw error;
      }
    });
    app.post(paths.after, async (request, reply) => {
      const signed = signedRequest(request, publicUrl);
      try {
        if (!(await dialing.isGenuine(tokenOf(request), signed))) return refuse(reply, null);
      } catch (thrown) {
        const error = toDomainError(thrown);
        if (isRefusal(error)) return refuse(reply, error);
        throw error;
      }
      return reply.type('text/xml; charset=utf-8').send(await next(signed.form.CallSid, deps));
    });
  };
}

/** After the stream: where the call was to be transferred, else the end, with words to whom nobody has spoken. */
async function next(callSid: string | undefined, deps: CarrierWebhooksDeps): Promise<string> {
  if (callSid === undefined) return hangup();
  const to = await deps.transfers.take(callSid);
  if (to !== null) return dial({ to });
  return (await deps.hasBegun(callSid)) ? hangup() : sayAndHangUp(SORRY);
}

const isRefusal = ({ code }: DomainError) => code === 'not_found' || code === 'forbidden';

function refuse(reply: FastifyReply, error: DomainError | null): FastifyReply {
  if (error?.code === 'not_found') return reply.status(404).send({ error: error.publicMessage });
  return reply.status(403).send({ error: 'The request is not signed by the carrier.' });
}
