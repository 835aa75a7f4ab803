import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requireNotSuspended } from '#core/tenants/tenant';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation, publicOperation } from '#http/operation';
import { isJsonObject } from '#kernel/json';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { AccountBody, LoginBody, RegisteredBody, showAccount, showRegistered } from '../shapes/account.ts';

const register = {
  ...publicOperation('registerAccount', 'Auth', 'Open an account and receive its first API key, once'),
  body: Type.Object({
    email: Type.String({ format: 'email' }),
    password: Type.String({ minLength: 8, format: 'password' }),
    companyName: Type.Optional(Type.String()),
  }),
  response: { 201: RegisteredBody, ...failures(400, 409) },
};

const logIn = {
  ...publicOperation('logIn', 'Auth', 'Exchange email and password for a JWT'),
  body: Type.Object({ email: Type.String(), password: Type.String({ format: 'password' }) }),
  response: { 200: LoginBody, ...failures(400, 401, 403) },
};

const getAccount = {
  ...operation('getAccount', 'Account', "Show the caller's account, its status and what it holds"),
  response: { 200: AccountBody, ...failures(401, 403) },
};

/** Opening an account, logging in, and what the account is. */
export const authRoutes =
  ({ services, publicUrl }: VeevoDeps): RouteModule =>
  (app) => {
    const engineVoiceUrl = `${publicUrl}/veevo/voice`;
    const open = { config: { access: 'public' }, schema: register };
    app.post('/api/auth/register', open, async (request, reply) => {
      const session = await services.accounts.signUpToPay({ ...request.body, keyForm: 'rtk' });
      const { url: checkoutUrl } = await services.billing.startCheckout(session.access.scope);
      return reply.code(201).send(showRegistered(session, { checkoutUrl, engineVoiceUrl }));
    });

    const guarded = { config: { access: 'public', guessOf: emailOf }, schema: logIn };
    app.post('/api/auth/login', guarded, async (request) => {
      const { token, access } = await services.accounts.signIn(request.body);
      requireNotSuspended(access.tenant);
      return { token };
    });

    app.get('/api/account', { schema: getAccount }, async (request) =>
      showAccount(await services.tenants.account(scopeOf(request))),
    );
  };

function emailOf(request: FastifyRequest): string {
  const email = isJsonObject(request.body) ? request.body.email : '';
  return typeof email === 'string' ? email.trim().toLowerCase() : '';
}
