import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const STRIPE_KEY = 'sk_test_key_that_must_not_leak';

/** How the vendor behaves for the next requests. `lost` does what is asked and breaks off before the answer. */
export type StripeMode = 'ok' | 'refused' | 'rate_limited' | 'down' | 'stalled' | 'lost';

export interface StripeRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | null;
}

/** A server that speaks what of Stripe's API is used here, in its documented forms, and refuses all else. */
export interface StripeServer extends AsyncDisposable {
  readonly url: string;
  mode: StripeMode;
  readonly requests: StripeRequest[];
  readonly cards: Set<string>;
  meteredSeconds(customer: string): number;
}

interface Answer {
  status: number;
  body: object;
}

const METER = 'call_seconds';
const DAY_SEC = 86_400;

/** Fields each endpoint takes (Stripe API reference), of those that a subscription over a meter needs. */
const FIELDS: Readonly<Record<string, RegExp>> = {
  'POST /v1/customers': /^(name|email|metadata\[\w+\])$/,
  'POST /v1/checkout/sessions':
    /^(mode|customer|client_reference_id|success_url|cancel_url|(subscription_data\[)?metadata\]?\[\w+\]|line_items\[\d\]\[(price|quantity|price_data)\](\[\w+\])*)$/,
  'POST /v1/billing_portal/sessions': /^(customer|return_url)$/,
  'GET /v1/customers/payment_methods': /^limit$/,
  'POST /v1/billing/meter_events':
    /^(event_name|identifier|timestamp|payload\[(stripe_customer_id|value)\])$/,
};

export async function startStripe(nowMs: () => number): Promise<StripeServer> {
  const vendor = new Vendor(nowMs);
  const server = createServer((request, response) => void vendor.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(vendor, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

class Vendor {
  mode: StripeMode = 'ok';
  readonly requests: StripeRequest[] = [];
  readonly cards = new Set<string>();
  readonly #customers = new Set<string>();
  readonly #meter = new Map<string, { customer: string; seconds: number }>();
  readonly #answered = new Map<string, { asked: string; answer: Answer }>();
  readonly #nowMs: () => number;
  #count = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  meteredSeconds(customer: string): number {
    const events = [...this.#meter.values()].filter((event) => event.customer === customer);
    return events.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://stripe');
    const isGet = request.method === 'GET';
    const form = isGet ? url.searchParams : new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    const key = request.headers['idempotency-key'];
    const asked: StripeRequest = {
      method: request.method ?? '',
      path: url.pathname,
      fields: Object.fromEntries(form),
      idempotencyKey: typeof key === 'string' ? key : null,
    };
    this.requests.push(asked);
    if (this.mode === 'stalled') return;
    const isOurs = request.headers.authorization === `Bearer ${STRIPE_KEY}`;
    const { status, body } = this.#answer(asked, isOurs);
    if (this.mode === 'lost') return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': `req_${++this.#count}` });
    response.end(JSON.stringify(body));
  }

  #answer(asked: StripeRequest, isOurs: boolean): Answer {
    // The vendor repeats parts of a wrong key, and a careless one all of it.
    if (!isOurs || this.mode === 'refused') {
      return failure(401, {
        type: 'invalid_request_error',
        message: `Invalid API Key provided: ${STRIPE_KEY}`,
      });
    }
    if (this.mode === 'rate_limited')
      return failure(429, { type: 'invalid_request_error', code: 'rate_limit' });
    if (this.mode === 'down') return failure(500, { type: 'api_error', message: `boom ${STRIPE_KEY}` });
    const { idempotencyKey } = asked;
    if (idempotencyKey === null) return this.#do(asked);
    const text = JSON.stringify([asked.path, asked.fields]);
    const before = this.#answered.get(idempotencyKey);
    if (before && before.asked !== text) {
      return failure(400, {
        type: 'idempotency_error',
        message: 'Keys can only be used with the same parameters.',
      });
    }
    const answer = before?.answer ?? this.#do(asked);
    this.#answered.set(idempotencyKey, { asked: text, answer });
    return answer;
  }

  #do({ method, path, fields }: StripeRequest): Answer {
    const customerInPath = /^\/v1\/customers\/(\w+)\/payment_methods$/.exec(path)?.[1];
    const route = `${method} ${customerInPath ? '/v1/customers/payment_methods' : path}`;
    const allowed = FIELDS[route];
    if (!allowed)
      return failure(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${route})` });
    const unknown = Object.keys(fields).find((name) => !allowed.test(name));
    if (unknown) return refused('parameter_unknown', `Received unknown parameter: ${unknown}`);
    const customer = customerInPath ?? fields.customer ?? fields['payload[stripe_customer_id]'];
    if (path !== '/v1/customers' && !this.#customers.has(customer ?? '')) {
      return refused('resource_missing', `No such customer: '${customer}'`);
    }
    return this.#make(route, fields, customer ?? '');
  }

  #make(route: string, fields: StripeRequest['fields'], customer: string): Answer {
    switch (route) {
      case 'POST /v1/customers':
        return this.#customer(fields);
      case 'POST /v1/checkout/sessions':
        return this.#session(fields);
      case 'POST /v1/billing_portal/sessions': {
        const id = `bps_${++this.#count}`;
        return ok({
          id,
          object: 'billing_portal.session',
          url: `https://billing.stripe.com/p/session/${id}`,
        });
      }
      case 'GET /v1/customers/payment_methods': {
        const data = this.cards.has(customer) ? [{ id: 'pm_1', object: 'payment_method', type: 'card' }] : [];
        return ok({ object: 'list', data, has_more: false, url: '/v1/customers' });
      }
      default:
        return this.#metered(fields, customer);
    }
  }

  #customer({ email }: StripeRequest['fields']): Answer {
    if (email !== undefined && !email.includes('@'))
      return refused('email_invalid', `Invalid email: ${email}`);
    const id = `cus_${++this.#count}`;
    this.#customers.add(id);
    return ok({ id, object: 'customer' });
  }

  #session(fields: StripeRequest['fields']): Answer {
    const isPriced = fields['line_items[0][price]'] || fields['line_items[0][price_data][unit_amount]'];
    if (fields.mode !== 'subscription' || !isPriced || fields['line_items[0][quantity]'] !== '1') {
      return refused('parameter_missing', 'A subscription needs a price and its quantity.');
    }
    if (fields['line_items[1][quantity]']) {
      return refused('parameter_invalid', 'Quantity should not be specified where usage_type is `metered`.');
    }
    const id = `cs_test_${++this.#count}`;
    return ok({
      id,
      object: 'checkout.session',
      url: `https://checkout.stripe.com/c/pay/${id}`,
      expires_at: Math.floor(this.#nowMs() / 1_000) + DAY_SEC,
    });
  }

  #metered(fields: StripeRequest['fields'], customer: string): Answer {
    const { event_name: name, identifier = '', timestamp = '' } = fields;
    const value = Number(fields['payload[value]']);
    if (name !== METER || !Number.isInteger(value) || value <= 0) {
      return refused('parameter_invalid', 'There is no such meter, or no such value.');
    }
    const ageSec = this.#nowMs() / 1_000 - Number(timestamp);
    if (!(ageSec > -300 && ageSec < 35 * DAY_SEC)) {
      return refused('timestamp_too_far_in_past', 'The timestamp is out of bounds.');
    }
    if (this.#meter.has(identifier)) {
      const message = `An event already exists with identifier ${identifier}.`;
      return failure(400, { type: 'invalid_request_error', code: 'duplicate_meter_event', message });
    }
    this.#meter.set(identifier, { customer, seconds: value });
    return ok({ object: 'billing.meter_event', event_name: name, identifier, timestamp: Number(timestamp) });
  }
}

const ok = (body: object): Answer => ({ status: 200, body });
const failure = (status: number, error: object): Answer => ({ status, body: { error } });
const refused = (code: string, message: string): Answer =>
  failure(400, { type: 'invalid_request_error', code, message });
