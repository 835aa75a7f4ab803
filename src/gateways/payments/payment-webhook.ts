import type { FastifyPluginAsync } from 'fastify';
import type { Billing } from '#core/billing/service';
import { toRequestError } from '#http/request-error';
import { signedRequest } from '#http/signed-request';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';

/** Where the vendor of payments is to send its events. */
export const PAYMENT_WEBHOOK_PATH = '/webhooks/stripe';

/**
 * Takes the events of the vendor of payments. 200 is answered once all their effects are stored; what the signature
 * does not cover is refused, and where storage fails the vendor is told to come again.
 */
export function paymentWebhook(options: {
  billing: Pick<Billing, 'receive'>;
  publicUrl: string;
  log: Log;
}): FastifyPluginAsync {
  const { billing, publicUrl, log } = options;
  return async (app) => {
    await app.register(async (inner) => {
      inner.removeAllContentTypeParsers();
      // The signature is made over the bytes.
      inner.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
        if (!Buffer.isBuffer(body)) return done(new DomainError('invalid', 'The body could not be read.'));
        request.rawBody = body;
        done(null, undefined);
      });
      inner.setErrorHandler((thrown, request, reply) => {
        const error = toRequestError(thrown);
        const status = error.code === 'forbidden' ? 403 : error.code === 'invalid' ? 400 : 503;
        const fields = { requestId: request.id, reason: error.message };
        if (status === 503) log.error(fields, 'payment event not taken');
        else log.warn(fields, 'payment event refused');
        return reply.status(status).send({ error: error.publicMessage });
      });
      inner.post(PAYMENT_WEBHOOK_PATH, async (request) => {
        await billing.receive(signedRequest(request, publicUrl));
        return { received: true };
      });
    });
  };
}
