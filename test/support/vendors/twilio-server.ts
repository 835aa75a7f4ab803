import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** How the server behaves for the next requests: as documented, or with one of Twilio's errors. */
export type TwilioMood = 'ok' | 'stalls' | 'cuts' | { status: number; code?: number; message?: string };

/** One request, as it was understood. */
export interface TwilioRequest {
  readonly operation: 'CreateCall' | 'UpdateCall' | 'FetchCall';
  readonly accountSid: string;
  readonly sid: string | null;
  readonly form: Readonly<Record<string, string | string[]>>;
}

/** Twilio's REST API of calls, driven by Twilio's own OpenAPI description: what that does not know is refused. */
export interface TwilioServer extends AsyncDisposable {
  readonly apiUrl: string;
  mood: TwilioMood;
  readonly requests: TwilioRequest[];
  /** By call SID. */
  readonly calls: Map<string, TwilioCall>;
}

export interface TwilioCall {
  readonly accountSid: string;
  status: string;
}

interface Schema {
  type?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  [key: string]: unknown;
}

interface Spec {
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: Schema }> } } }>;
  components: { schemas: Record<string, Schema> };
}

const SPEC = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../contracts/twilio/calls.openapi.json'), 'utf8'),
) as Spec;
const FORM = 'application/x-www-form-urlencoded';
const ajv = addFormats.default(new Ajv({ strict: false, coerceTypes: true, allErrors: true }));
for (const format of ['endpoint', 'http-method', 'twiml', 'currency', 'date-time-rfc-2822', 'uri-map'])
  ajv.addFormat(format, true);

function formOf(path: string): { schema: Schema; validate: ValidateFunction } {
  const { post } = SPEC.paths[path]!;
  const schema = post.requestBody.content[FORM]!.schema;
  return { schema, validate: compiled({ ...schema, additionalProperties: false }) };
}

/** References stand at the root of the document that they are in. */
function compiled(schema: Schema): ValidateFunction {
  return ajv.compile({ ...schema, components: SPEC.components });
}

const ROOT = '/2010-04-01/Accounts/{AccountSid}/Calls';
const CREATE = formOf(`${ROOT}.json`);
const UPDATE = formOf(`${ROOT}/{Sid}.json`);
const ANSWER = compiled(SPEC.components.schemas['api.v2010.account.call']!);

class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor({ status, code, message }: { status: number; code: number; message: string }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** `tokens` are the auth tokens by account SID. */
export async function startTwilio(tokens: Readonly<Record<string, string>>): Promise<TwilioServer> {
  const requests: TwilioRequest[] = [];
  const calls = new Map<string, TwilioCall>();
  const state = { mood: 'ok' as TwilioMood };

  function answer(request: IncomingMessage, body: string): { status: number; body: object } {
    const { accountSid, sid } = addressOf(request);
    requireAccount(request, { accountSid, tokens });
    if (request.method !== 'POST')
      throw new Refusal({ status: 405, code: 20004, message: 'Method not allowed' });
    const { schema, validate } = sid === null ? CREATE : UPDATE;
    const form = readForm(body, schema);
    requests.push({ operation: sid === null ? 'CreateCall' : 'UpdateCall', accountSid, sid, form });
    const typed = { ...form };
    if (!validate(typed)) {
      const message = `not in the description: ${ajv.errorsText(validate.errors)}`;
      throw new Refusal({ status: 400, code: 20001, message });
    }
    return sid === null ? created({ accountSid, form, calls }) : updated({ accountSid, sid, form, calls });
  }

  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const { mood } = state;
      if (mood === 'stalls') return;
      if (mood === 'cuts') return void request.socket.destroy();
      let result: { status: number; body: object };
      try {
        if (mood !== 'ok') throw moody(mood, addressOf(request).accountSid);
        result = answer(request, body);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { status, code, message } = error;
        const more_info = `https://www.twilio.com/docs/errors/${code}`;
        result = { status, body: { code, message, more_info, status } };
      }
      response
        .writeHead(result.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(result.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get mood() {
      return state.mood;
    },
    set mood(mood) {
      state.mood = mood;
    },
    requests,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Error texts of Twilio's repeat the address that was asked. */
function moody(mood: { status: number; code?: number; message?: string }, accountSid: string): Refusal {
  const message =
    mood.message ?? `The requested resource /2010-04-01/Accounts/${accountSid}/Calls.json was not found`;
  return new Refusal({ status: mood.status, code: mood.code ?? 20_000 + mood.status, message });
}

function addressOf({ url = '' }: IncomingMessage): { accountSid: string; sid: string | null } {
  const match = /^\/2010-04-01\/Accounts\/([^/]+)\/Calls(?:\/([^/]+))?\.json$/.exec(url);
  if (!match)
    throw new Refusal({ status: 404, code: 20404, message: `The requested resource ${url} was not found` });
  return { accountSid: match[1]!, sid: match[2] ?? null };
}

function requireAccount(
  { headers }: IncomingMessage,
  { accountSid, tokens }: { accountSid: string; tokens: Readonly<Record<string, string>> },
): void {
  const token = tokens[accountSid];
  const expected = `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}`;
  if (token !== undefined && headers.authorization === expected) return;
  throw new Refusal({
    status: 401,
    code: 20003,
    message: `Authentication Error - invalid username ${headers.authorization}`,
  });
}

/** Form fields by the description: repeated ones are lists, the others must not repeat. */
function readForm(body: string, schema: Schema): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = {};
  const fields = new URLSearchParams(body);
  for (const name of new Set(fields.keys())) {
    const values = fields.getAll(name);
    form[name] = schema.properties?.[name]?.type === 'array' || values.length > 1 ? values : values[0]!;
  }
  return form;
}

interface Asked {
  accountSid: string;
  form: Readonly<Record<string, string | string[]>>;
  calls: Map<string, TwilioCall>;
}

function created({ accountSid, form, calls }: Asked): { status: number; body: object } {
  for (const [field, code] of [
    ['To', 21211],
    ['From', 21212],
  ] as const) {
    if (/^\+[1-9]\d{6,14}$/.test(String(form[field]))) continue;
    throw new Refusal({
      status: 400,
      code,
      message: `The phone number you are calling with '${field}' is not valid`,
    });
  }
  if (form.Url === undefined && form.Twiml === undefined && form.ApplicationSid === undefined)
    throw new Refusal({ status: 400, code: 21205, message: 'Url is not a valid URL' });
  const sid = `CA${randomBytes(16).toString('hex')}`;
  calls.set(sid, { accountSid, status: 'queued' });
  return { status: 201, body: shown({ sid, accountSid, status: 'queued', form }) };
}

function updated({ accountSid, sid, form, calls }: Asked & { sid: string }): {
  status: number;
  body: object;
} {
  const call = calls.get(sid);
  if (call?.accountSid !== accountSid)
    throw new Refusal({
      status: 404,
      code: 20404,
      message: `The requested resource /Calls/${sid}.json was not found`,
    });
  if (!['queued', 'ringing', 'in-progress'].includes(call.status))
    throw new Refusal({ status: 400, code: 21220, message: 'Call is not in-progress. Cannot redirect.' });
  call.status = String(form.Status);
  return { status: 200, body: shown({ sid, ...call, form }) };
}

function shown(call: { sid: string; accountSid: string; status: string; form: Asked['form'] }): object {
  const { sid, accountSid: account_sid, status, form } = call;
  const body = {
    ...{ sid, account_sid, status },
    to: form.To === undefined ? null : String(form.To),
    from: form.From === undefined ? null : String(form.From),
    direction: 'outbound-api',
    api_version: '2010-04-01',
    date_created: new Date().toUTCString(),
    uri: `/2010-04-01/Accounts/${account_sid}/Calls/${sid}.json`,
  };
  if (!ANSWER({ ...body })) throw new Error(`not as described: ${ajv.errorsText(ANSWER.errors)}`);
  return body;
}
