import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { RouteModule } from '#http/dialect';
import { operation, publicOperation } from '#http/operation';
import { DomainError } from '#kernel/errors';
import { isJsonObject } from '#kernel/json';
import { bearerOf } from '../auth.ts';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { CurrentUserBody, SessionBody, showCurrentUser } from '../shapes/account.ts';

const TAG = 'Auth Endpoints';

const signUp = {
  ...publicOperation('signUp', TAG, 'Create an organization and its first user'),
  body: Type.Object({
    name: Type.String({ minLength: 1 }),
    email: Type.String({ format: 'email' }),
    password: Type.String({ minLength: 8, format: 'password' }),
    orgName: Type.String({ minLength: 1 }),
  }),
  response: { 201: SessionBody, ...failures(400, 409) },
};

const signIn = {
  ...publicOperation('signIn', TAG, 'Exchange email and password for a JWT'),
  body: Type.Object({ email: Type.String(), password: Type.String({ format: 'password' }) }),
  response: { 200: SessionBody, ...failures(400, 401) },
};

const me = {
  ...operation('getCurrentUser', TAG, 'Show the signed-in user and their organization'),
  security: [{ token: [] }],
  response: { 200: CurrentUserBody, ...failures(401) },
};

/** Signing up and in, and who the caller is. These go on working while the organization is pending. */
export const authRoutes =
  ({ services }: VoicexDeps): RouteModule =>
  (app) => {
    app.post('/api/auth/signup', { config: { access: 'public' }, schema: signUp }, async (request, reply) => {
      const { token, access } = await services.accounts.signUp(request.body);
      return reply.code(201).send({ ...showCurrentUser(access), token });
    });

    const guarded = { access: 'public', guessOf: emailOf };
    app.post('/api/auth/signin', { config: guarded, schema: signIn }, async (request) => {
      const { token, access } = await services.accounts.signIn(request.body);
      return { ...showCurrentUser(access), token };
    });

    app.get('/api/auth/me', { config: { access: 'public' }, schema: me }, async (request) => {
      const token = bearerOf(request);
      const access = token === null ? null : await services.accounts.byToken(token);
      if (!access?.user || !access.member) throw new DomainError('unauthenticated', 'A JWT is needed.');
      return showCurrentUser({ user: access.user, member: access.member, tenant: access.tenant });
    });
  };

function emailOf(request: FastifyRequest): string {
  const email = isJsonObject(request.body) ? request.body.email : '';
  return typeof email === 'string' ? email.trim().toLowerCase() : '';
}
