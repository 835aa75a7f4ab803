import type { FastifyInstance } from 'fastify';
import { DomainError } from '#kernel/errors';

/** Takes JSON bodies; an empty one counts as none, since many clients send the header on every DELETE. */
export function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parse(request, String(body), done);
  });
}

/** Takes form bodies and no others, one value a name (the last), and keeps the bytes in `request.rawBody`. */
export function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (request, body, done) => {
      if (!Buffer.isBuffer(body)) return done(new DomainError('invalid', 'The form could not be read.'));
      request.rawBody = body;
      done(null, Object.fromEntries(new URLSearchParams(body.toString('utf8'))));
    },
  );
}
