import type { Twilio } from 'twilio';
import type { Carrier, CarrierAccount, DialOrder } from '#core/ports';
import { DomainError } from '#kernel/errors';

export interface TwilioCarrierOptions {
  /** The platform's own account; null where only tenants' own ones are dialed on. */
  readonly account: CarrierAccount | null;
  /** Where the REST API is, in place of https://api.twilio.com. */
  readonly apiUrl?: string | null;
  /** A request without an answer for so long has failed. */
  readonly timeoutMs?: number;
}

/** What Twilio tells of an outbound call; `answered` comes with the answer URL being asked. */
const EVENTS = ['initiated', 'ringing', 'answered', 'completed'];
/** Error codes of numbers that cannot be called, or called from (https://www.twilio.com/docs/api/errors). */
const BAD_TO = [13223, 13224, 13227, 21201, 21211, 21214, 21215, 21216, 21217];
const BAD_FROM = [21210, 21212, 21213, 21219, 21606];
/** A call that is not in progress any more. */
const OVER = [20404, 21220];

/** Calls over Twilio's REST API, each on its own account. What is thrown holds no credential. */
export async function openTwilioCarrier(options: TwilioCarrierOptions): Promise<Carrier> {
  const { default: twilio } = await import('twilio');
  const clientOf = (given: CarrierAccount | null): { client: Twilio; account: CarrierAccount } => {
    const account = given ?? options.account;
    if (!account)
      throw new DomainError('invalid', 'The call needs an account at Twilio.', { field: 'account' });
    const { accountSid, authToken } = account;
    const client = twilio(accountSid, authToken, { timeout: options.timeoutMs ?? 10_000, keepAlive: false });
    if (options.apiUrl) client.api.baseUrl = options.apiUrl;
    return { client, account };
  };
  return {
    name: 'twilio',
    async dial(order, signal) {
      const { client, account } = clientOf(order.account);
      try {
        const call = await withSignal(() => client.calls.create(formOf(order)), signal);
        return { ref: call.sid, status: call.status };
      } catch (thrown) {
        throw refusal(thrown, { account, isOwn: order.account !== null, signal });
      }
    },
    async hangUp({ account: own, ref }, signal) {
      const { client, account } = clientOf(own);
      try {
        await withSignal(() => client.calls(ref).update({ status: 'completed' }), signal);
      } catch (thrown) {
        if (OVER.includes(codeOf(thrown) ?? 0)) return;
        throw refusal(thrown, { account, isOwn: own !== null, signal });
      }
    },
  };
}

function formOf(order: DialOrder) {
  const { to, from, answerUrl, statusUrl, timeoutSec, machineDetection } = order;
  return {
    to,
    from,
    url: answerUrl,
    method: 'POST',
    statusCallback: statusUrl,
    statusCallbackMethod: 'POST',
    statusCallbackEvent: EVENTS,
    timeout: timeoutSec,
    ...(machineDetection === null ? {} : { machineDetection }),
  };
}

/** The SDK knows no signals: what it answers after an abort is dropped. */
async function withSignal<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    ask()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

interface Failed {
  account: CarrierAccount;
  /** Whether it was the tenant's own account. */
  isOwn: boolean;
  signal: AbortSignal;
}

/** In our words. The SDK's own error is left behind: it holds the request with its credentials. */
function refusal(thrown: unknown, { account, isOwn, signal }: Failed): unknown {
  if (signal.aborted) return signal.reason;
  const status = fieldOf(thrown, 'status');
  if (status === null || status < 100) return new DomainError('upstream', 'Twilio could not be reached.');
  const code = codeOf(thrown);
  const said = `Twilio refused: ${messageOf(thrown, account)} (${code === null ? status : `error ${code}`})`;
  if (isOwn && [401, 403, 404].includes(status) && code !== null && code < 21_000)
    return new DomainError('invalid', 'Twilio does not accept the account SID and auth token.', {
      field: 'account',
    });
  if (code !== null && BAD_TO.includes(code)) return new DomainError('invalid', said, { field: 'to' });
  if (code !== null && BAD_FROM.includes(code)) return new DomainError('invalid', said, { field: 'from' });
  if (status === 429)
    return new DomainError('upstream', 'Twilio is asked too often at present.', { retryAfterMs: 1_000 });
  if (status >= 500) return new DomainError('upstream', `Twilio failed (status ${status}).`);
  return new DomainError('upstream', said);
}

const codeOf = (thrown: unknown) => fieldOf(thrown, 'code');

function fieldOf(thrown: unknown, name: 'status' | 'code'): number | null {
  const value = (thrown as Record<string, unknown> | null)?.[name];
  return typeof value === 'number' ? value : null;
}

function messageOf(thrown: unknown, { accountSid, authToken }: CarrierAccount): string {
  const text = thrown instanceof Error ? String(thrown.message) : '';
  const basic = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  const clean = [basic, authToken, accountSid].reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
  return clean.replace(/[\p{Cc}]+/gu, ' ').slice(0, 200) || 'no reason given';
}
