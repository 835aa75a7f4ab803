import { Type } from 'typebox';
import type { Rendered, StatusTable } from '#http/dialect';
import type { DomainError } from '#kernel/errors';

/** The contract names 400, 401, 402, 403, 404, 409 and 500; nothing else is answered but 429. */
const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 400,
  quota: 403,
  rate_limited: 429,
  unsupported: 400,
  upstream: 500,
  unavailable: 500,
  internal: 500,
} as const satisfies StatusTable;

/** This dialect's words for the core's fields whose errors don't name them. */
const FIELDS: Readonly<Record<string, string>> = {
  'callbacks.startUrl': 'onCallStartUrl',
  'callbacks.endUrl': 'onCallEndUrl',
  'callbacks.errorUrl': 'onErrorUrl',
};

/** `{"error": "…"}`. */
export function renderError(error: DomainError): Rendered {
  const field = FIELDS[error.field ?? ''];
  const words = field === undefined ? error.publicMessage : `${field}: ${error.publicMessage}`;
  return { status: STATUS[error.code], body: { error: words } };
}

type DocumentedStatus = (typeof STATUS)[keyof typeof STATUS];

const WORDS: Readonly<Record<DocumentedStatus, string>> = {
  400: 'Invalid request body or callback URL.',
  401: 'Missing or invalid API key or credentials.',
  402: 'Payment required: complete the checkout.',
  403: 'Account suspended, phone number not owned, or no room in the plan.',
  404: 'Resource not found.',
  409: 'Phone number registered by another account, or e-mail address in use.',
  429: 'Too many requests.',
  500: 'Internal server error.',
};

const errorBody = (status: DocumentedStatus) =>
  Type.Object({ error: Type.String({ minLength: 1 }) }, { description: WORDS[status] });

type ErrorBody = ReturnType<typeof errorBody>;

/** Response schemas of an operation's failures; 429 and 500 can happen everywhere. */
export function failures<const S extends DocumentedStatus>(
  ...statuses: readonly S[]
): Record<S | 429 | 500, ErrorBody> {
  const all = [...statuses, 429, 500] as const;
  return Object.fromEntries(all.map((status) => [status, errorBody(status)])) as Record<
    S | 429 | 500,
    ErrorBody
  >;
}
