import { Type } from 'typebox';
import type { Rendered, StatusTable } from '#http/dialect';
import type { DomainError } from '#kernel/errors';
import { isJsonObject } from '#kernel/json';

/** The contract names 400, 401, 403, 404, 409, 429 and 500, so nothing else is answered. */
const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  payment_required: 403,
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

/** `{"error": "…"}`, and beside it the agents that stand in the way of deleting a provider. */
export function renderError(error: DomainError): Rendered {
  const agents = error.details?.agents;
  return {
    status: STATUS[error.code],
    body: {
      error: error.publicMessage,
      ...(Array.isArray(agents) && { agents: agents.map(renderAgent) }),
    },
  };
}

function renderAgent(agent: unknown): Record<string, unknown> {
  return isJsonObject(agent) ? { _id: agent.id, name: agent.name } : {};
}

type DocumentedStatus = (typeof STATUS)[keyof typeof STATUS];

const WORDS: Readonly<Record<DocumentedStatus, string>> = {
  400: 'Bad request; fields missing or not valid.',
  401: 'Credential missing or invalid.',
  403: 'Organization pending, permissions insufficient, or the plan has no room.',
  404: 'No such thing.',
  409: 'Conflict with something that exists already.',
  429: 'Too many requests.',
  500: 'Internal server error.',
};

const errorBody = (status: DocumentedStatus) =>
  Type.Object(
    { error: Type.String({ minLength: 1, examples: [WORDS[status]] }) },
    { description: WORDS[status] },
  );

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
