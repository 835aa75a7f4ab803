import type { HttpTool } from '#core/assistants/assistant';
import type { OutboundHttp, OutboundRequest, OutboundResponse } from '#core/ports';
import { webhookHeaders } from '#core/webhooks/signature';
import type { Tool, ToolContext, ToolOutcome } from '#engine/ports';
import { type Clock, pause } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { type Json, type JsonObject, parseJson } from '#kernel/json';

export interface HttpToolDeps {
  http: OutboundHttp;
  clock: Clock;
  /** The tenant's signing secret, `whsec_` and base64 or any text. */
  signingSecret: string;
  /** Values of the call's variables, for `{{name}}` that is no parameter. */
  variables: Readonly<Record<string, string>>;
}

const MAX_RESPONSE_BYTES = 64 * 1024;
/** More than this is no use to a model in a phone call. */
const MAX_RESULT_CHARS = 12_000;
const MAX_TRIES = 3;
const RETRY_AFTER_MS = 200;
const RETRY_STATUSES = new Set([502, 503, 504]);
const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

/**
 * A tenant's HTTP function as a tool. Parameters that the URL does not name go into the query (GET, DELETE) or, all of
 * them, into a JSON body. Requests carry the Standard Webhooks headers (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature`) and `idempotency-key`, the same for every try.
 *
 * Tried again when no answer came, and for methods that may be repeated (all but POST and PATCH) on 502, 503 and 504
 * too, within the tool's time limit. Every failure is told to the model as `{"error": …}`.
 */
export function httpTool(spec: HttpTool, deps: HttpToolDeps): Tool {
  return {
    spec: { name: spec.name, description: spec.description, parameters: spec.parameters },
    whenInterrupted: spec.whenInterrupted,
    timeoutMs: spec.timeoutMs,
    async run(args, context, signal) {
      try {
        const request = buildRequest(spec, args, deps);
        return outcome(await exchange({ spec, request, context, deps }, signal));
      } catch (error) {
        if (error instanceof DomainError) return failure(error.publicMessage);
        return failure('The call to the service was broken off.');
      }
    },
  };
}

const failure = (error: string): ToolOutcome => ({ ok: false, result: { error } });

/* ---------- the request ---------- */

function buildRequest(spec: HttpTool, args: JsonObject, deps: HttpToolDeps): OutboundRequest {
  const url = fillUrl(spec.url, args, deps.variables);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(spec.headers)) {
    headers[name.toLowerCase()] = fillHeader(value, args, deps.variables);
  }
  const inQuery = spec.method === 'GET' || spec.method === 'DELETE';
  if (inQuery) {
    const used = new Set([...spec.url.matchAll(PLACEHOLDER)].map((match) => match[1]));
    for (const [name, value] of Object.entries(args)) {
      if (!used.has(name) && value !== null) url.searchParams.append(name, asText(value));
    }
  }
  return {
    url: url.href,
    method: spec.method,
    headers: inQuery ? headers : { 'content-type': 'application/json', ...headers },
    body: inQuery ? null : JSON.stringify(args),
    timeoutMs: spec.timeoutMs,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

/**
 * Fills a URL's placeholders, percent-encoded. The model chooses parameters, so these may stand in path and query only
 * and may not climb (`..`); the host is the tenant's own, or one of its variables.
 */
function fillUrl(template: string, args: JsonObject, variables: Readonly<Record<string, string>>): URL {
  const pathAt = /^[a-z]+:\/\/[^/?#]*|^\{\{[^}]*\}\}/i.exec(template)?.[0].length ?? 0;
  const origin = template.slice(0, pathAt).replace(PLACEHOLDER, (_whole, name: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : '';
    if (value) return value;
    throw new DomainError('invalid', 'The address of this function is not complete.');
  });
  const rest = template.slice(pathAt).replace(PLACEHOLDER, (_whole, name: string) => {
    const value = lookUp(name, args, variables);
    if (/^\.{1,2}$/.test(value)) throw new DomainError('invalid', `The value of ${name} is not allowed.`);
    return encodeURIComponent(value);
  });
  const url = URL.parse(origin + rest);
  if (!url) throw new DomainError('invalid', 'The address of this function is not a URL.');
  return url;
}

function fillHeader(template: string, args: JsonObject, variables: Readonly<Record<string, string>>): string {
  const filled = template.replace(PLACEHOLDER, (_whole, name: string) => lookUp(name, args, variables));
  return filled.replace(/[^\t\x20-\x7e\x80-\xff]+/g, ' ');
}

function lookUp(name: string, args: JsonObject, variables: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(args, name)) return asText(args[name] ?? '');
  return Object.hasOwn(variables, name) ? (variables[name] ?? '') : '';
}

const asText = (value: Json): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Headers of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`. */
function signed(request: OutboundRequest, context: ToolContext, deps: HttpToolDeps): OutboundRequest {
  const id = `msg_${context.idempotencyKey}`;
  const message = { id, atMs: deps.clock.nowMs(), body: request.body ?? '' };
  return {
    ...request,
    headers: {
      ...request.headers,
      ...webhookHeaders(deps.signingSecret, message),
      'idempotency-key': context.idempotencyKey,
      'x-call-id': context.callId,
    },
  };
}

/* ---------- tries ---------- */

interface Exchange {
  spec: HttpTool;
  request: OutboundRequest;
  context: ToolContext;
  deps: HttpToolDeps;
}

async function exchange(
  { spec, request, context, deps }: Exchange,
  signal: AbortSignal,
): Promise<OutboundResponse> {
  const deadlineMs = deps.clock.nowMs() + spec.timeoutMs;
  const repeatable = spec.method !== 'POST' && spec.method !== 'PATCH';
  for (let tries = 1; ; tries++) {
    const leftMs = Math.max(1, Math.ceil(deadlineMs - deps.clock.nowMs()));
    const last = tries >= MAX_TRIES;
    try {
      const answer = await deps.http.fetch({ ...signed(request, context, deps), timeoutMs: leftMs }, signal);
      if (last || !repeatable || !RETRY_STATUSES.has(answer.status)) return answer;
    } catch (error) {
      const unanswered = error instanceof DomainError && error.code === 'upstream';
      if (last || !unanswered || signal.aborted) throw error;
    }
    const waitMs = RETRY_AFTER_MS * 2 ** (tries - 1);
    if (deps.clock.nowMs() + waitMs >= deadlineMs) {
      throw new DomainError('upstream', 'The service did not answer in time.');
    }
    await pause(deps.clock, waitMs, signal);
    signal.throwIfAborted();
  }
}

/* ---------- the answer ---------- */

function outcome(answer: OutboundResponse): ToolOutcome {
  const result = shorten(answer);
  if (answer.status >= 200 && answer.status < 300) return { ok: true, result };
  const error = `The service answered with status ${answer.status}.`;
  return { ok: false, result: result === '' ? { error } : { error, answer: result } };
}

function shorten({ body }: OutboundResponse): Json {
  const text = body.trim();
  if (text.length <= MAX_RESULT_CHARS) return parseJson(text) ?? text;
  return { text: text.slice(0, MAX_RESULT_CHARS), truncated: true };
}
