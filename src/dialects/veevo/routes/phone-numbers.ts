import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import { PAID } from '../auth.ts';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { IdParams, UsPhoneNumber } from '../schemas.ts';
import {
  callbackFields,
  PhoneNumberBody,
  PhoneNumbersBody,
  readCallbacks,
  showPhoneNumber,
  showPhoneNumbers,
} from '../shapes/phone-number.ts';

const TAG = 'Phone Numbers';
const ALL = '/api/phone-numbers';

const registerPhoneNumber = {
  ...operation('registerPhoneNumber', TAG, 'Attach a US number and its callback URLs to the account'),
  body: Type.Object({ phoneNumber: UsPhoneNumber, ...callbackFields }),
  response: { 201: PhoneNumberBody, ...failures(400, 401, 402, 403, 409) },
};

const listPhoneNumbers = {
  ...operation('listPhoneNumbers', TAG, "List the account's numbers"),
  response: { 200: PhoneNumbersBody, ...failures(401, 403) },
};

const removePhoneNumber = {
  ...operation('removePhoneNumber', TAG, 'Detach a number from the account'),
  params: IdParams,
  response: { 200: Type.Object({ deleted: Type.Literal(true) }), ...failures(400, 401, 403, 404) },
};

/** Numbers and who is told of their calls. */
export const phoneNumberRoutes =
  ({ services: { numbers } }: VeevoDeps): RouteModule =>
  (app) => {
    const paid = { config: { access: PAID, idempotent: true }, schema: registerPhoneNumber };
    app.post(ALL, paid, async (request, reply) => {
      const { phoneNumber, ...urls } = request.body;
      const order = { e164: phoneNumber, callbacks: readCallbacks(urls) };
      return reply.code(201).send(showPhoneNumber(await numbers.register(scopeOf(request), order)));
    });

    app.get(ALL, { schema: listPhoneNumbers }, async (request) =>
      showPhoneNumbers(await numbers.list(scopeOf(request))),
    );

    app.delete(`${ALL}/:id`, { schema: removePhoneNumber }, async (request) => {
      await numbers.remove(scopeOf(request), request.params.id);
      return { deleted: true as const };
    });
  };
