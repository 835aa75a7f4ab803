import { inspect } from 'node:util';
import twilio from 'twilio';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type SandboxCarrier, sandboxCarrier } from '#adapters/carrier/sandbox/sandbox-carrier';
import type { CarrierOrder, FarLine, Telephone } from '#adapters/carrier/sandbox/telephone';
import { openTwilioCarrier } from '#adapters/carrier/twilio/twilio-carrier';
import type { Carrier, CarrierAccount, DialOrder } from '#core/ports';
import type { Clock } from '#kernel/clock';
import type { DomainError } from '#kernel/errors';
import { silentLog } from '#kernel/log';
import { startTwilio, type TwilioMood, type TwilioServer } from '#test/support/vendors/twilio-server';

const OURS: CarrierAccount = { accountSid: `AC${'0'.repeat(31)}1`, authToken: 'our-own-auth-token' };
const THEIRS: CarrierAccount = { accountSid: `AC${'0'.repeat(31)}2`, authToken: 'the-tenants-auth-token' };
const ORDER: DialOrder = {
  account: null,
  to: '+14155550123',
  from: '+14155550100',
  answerUrl: 'https://voice.example.com/webhooks/twilio/token/voice',
  statusUrl: 'https://voice.example.com/webhooks/twilio/token/status',
  timeoutSec: 30,
  machineDetection: null,
};
const signal = () => new AbortController().signal;

/** A carrier under test, and what it holds of a call. */
interface Subject {
  carrier: Carrier;
  isOver(ref: string): boolean;
}

/** What every carrier promises: each check throws where the promise is broken. */
const PROMISES: Record<string, (subject: Subject) => Promise<void>> = {
  'a dialed call has an id of its own, and is queued': async ({ carrier, isOver }) => {
    const calls = [await carrier.dial(ORDER, signal()), await carrier.dial(ORDER, signal())];
    for (const { ref, status } of calls) {
      expect(ref).toMatch(/^CA[0-9a-f]{32}$/);
      expect(status).toBe('queued');
      expect(isOver(ref)).toBe(false);
    }
    expect(calls[0]!.ref).not.toBe(calls[1]!.ref);
  },
  'a number that is none is refused by its field': async ({ carrier }) => {
    for (const field of ['to', 'from']) {
      const refused = carrier.dial({ ...ORDER, [field]: '+1' }, signal());
      await expect(refused).rejects.toMatchObject({ code: 'invalid', field });
    }
  },
  'a call is hung up, and once more without an error': async ({ carrier, isOver }) => {
    const { ref } = await carrier.dial(ORDER, signal());
    await carrier.hangUp({ account: null, ref }, signal());
    expect(isOver(ref)).toBe(true);
    await carrier.hangUp({ account: null, ref }, signal());
    await carrier.hangUp({ account: null, ref: `CA${'0'.repeat(32)}` }, signal());
  },
  'a call is on the account it was dialed on': async ({ carrier, isOver }) => {
    const { ref } = await carrier.dial({ ...ORDER, account: THEIRS }, signal());
    await carrier.hangUp({ account: null, ref }, signal());
    expect(isOver(ref)).toBe(false);
    await carrier.hangUp({ account: THEIRS, ref }, signal());
    expect(isOver(ref)).toBe(true);
  },
  'what is aborted rejects with the reason': async ({ carrier }) => {
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    await expect(carrier.dial(ORDER, aborted)).rejects.toBe(reason);
    const ref = `CA${'0'.repeat(32)}`;
    await expect(carrier.hangUp({ account: null, ref }, aborted)).rejects.toBe(reason);
  },
};

let server: TwilioServer;
let real: Subject;
let sandbox: Subject & { carrier: SandboxCarrier };

/** Time stands still: calls ring for ever. */
const stopped: Clock = { nowMs: () => 0, after: () => () => {} };

beforeAll(async () => {
  server = await startTwilio({
    [OURS.accountSid]: OURS.authToken,
    [THEIRS.accountSid]: THEIRS.authToken,
  });
  const carrier = await openTwilioCarrier({ account: OURS, apiUrl: server.apiUrl, timeoutMs: 500 });
  real = { carrier, isOver: (ref) => server.calls.get(ref)?.status === 'completed' };
  const rings = sandboxCarrier({ telephone: telephone(), account: OURS, clock: stopped, log: silentLog });
  const isOver = (ref: string) => rings.placed().find((one) => one.callSid === ref)?.status === 'canceled';
  sandbox = { carrier: rings, isOver };
});
afterEach(() => {
  server.mood = 'ok';
  server.requests.length = 0;
});
afterAll(async () => {
  await sandbox.carrier.close();
  await server[Symbol.asyncDispose]();
});

describe.each(['twilio', 'sandbox'] as const)('carrier contract: %s', (name) => {
  it.each(Object.entries(PROMISES))('%s', async (_, holds) => {
    await holds(name === 'twilio' ? real : sandbox);
  });
});

describe('the contract fails on a carrier that', () => {
  const broken = (change: (carrier: Carrier) => Partial<Carrier>, isOver = sandbox.isOver): Subject => ({
    carrier: { ...sandbox.carrier, ...change(sandbox.carrier) },
    isOver,
  });
  it.each<[string, string, () => Subject]>([
    [
      'gives all calls one id',
      'a dialed call has an id of its own, and is queued',
      () => broken(() => ({ dial: async () => ({ ref: `CA${'1'.repeat(32)}`, status: 'queued' }) })),
    ],
    [
      'calls any number',
      'a number that is none is refused by its field',
      () =>
        broken((it) => ({ dial: (order, at) => it.dial({ ...order, to: ORDER.to, from: ORDER.from }, at) })),
    ],
    [
      'does not hang up',
      'a call is hung up, and once more without an error',
      () => broken(() => ({ hangUp: async () => {} })),
    ],
    [
      'hangs up for anybody',
      'a call is on the account it was dialed on',
      () => broken((it) => ({ hangUp: ({ ref }, at) => it.hangUp({ account: THEIRS, ref }, at) })),
    ],
    [
      'hears no abort',
      'what is aborted rejects with the reason',
      () => broken((it) => ({ dial: (order) => it.dial(order, signal()) })),
    ],
  ])('%s', async (_, promise, subject) => {
    await expect(PROMISES[promise]!(subject())).rejects.toThrow();
  });
});

describe('Twilio', () => {
  it('is asked in the words of its own description', async () => {
    const order = {
      ...ORDER,
      account: THEIRS,
      machineDetection: 'DetectMessageEnd',
      timeoutSec: 45,
    } as const;
    const { ref } = await real.carrier.dial(order, signal());
    await real.carrier.hangUp({ account: THEIRS, ref }, signal());
    expect(server.requests).toEqual([
      {
        operation: 'CreateCall',
        accountSid: THEIRS.accountSid,
        sid: null,
        form: {
          To: ORDER.to,
          From: ORDER.from,
          Url: ORDER.answerUrl,
          Method: 'POST',
          StatusCallback: ORDER.statusUrl,
          StatusCallbackMethod: 'POST',
          StatusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
          Timeout: '45',
          MachineDetection: 'DetectMessageEnd',
        },
      },
      { operation: 'UpdateCall', accountSid: THEIRS.accountSid, sid: ref, form: { Status: 'completed' } },
    ]);
  });

  it('refuses what its description does not know', async () => {
    const client = twilio(OURS.accountSid, OURS.authToken);
    client.api.baseUrl = server.apiUrl;
    const { to, from, answerUrl: url } = ORDER;
    await expect(client.calls.create({ to, from, url, timeout: 'soon' as never })).rejects.toThrow(/Timeout/);
    await expect(client.calls.create({ to, from, url: 'no address' })).rejects.toThrow(/Url/);
    const post = (form: Record<string, string>) =>
      fetch(`${server.apiUrl}/2010-04-01/Accounts/${OURS.accountSid}/Calls.json`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${OURS.accountSid}:${OURS.authToken}`).toString('base64')}`,
        },
        body: new URLSearchParams(form),
      });
    expect((await post({ To: to, From: from, Url: url })).status).toBe(201);
    expect((await post({ To: to, From: from, Url: url, TimeOut: '30' })).status).toBe(400);
    expect((await post({ To: to, Url: url })).status).toBe(400);
  });

  const failures: [string, TwilioMood, CarrierAccount | null, Partial<DomainError>][] = [
    [
      'a wrong token of the tenant',
      { status: 401, code: 20003 },
      THEIRS,
      { code: 'invalid', field: 'account' },
    ],
    ['a wrong token of ours', { status: 401, code: 20003 }, null, { code: 'upstream' }],
    [
      'an account that is not there',
      { status: 404, code: 20404 },
      THEIRS,
      { code: 'invalid', field: 'account' },
    ],
    ['a bad number to call', { status: 400, code: 21211 }, THEIRS, { code: 'invalid', field: 'to' }],
    ['a number it may not call', { status: 400, code: 21215 }, THEIRS, { code: 'invalid', field: 'to' }],
    ['a number of somebody else', { status: 400, code: 21210 }, THEIRS, { code: 'invalid', field: 'from' }],
    ['anything else', { status: 400, code: 21205 }, THEIRS, { code: 'upstream' }],
    ['too many requests', { status: 429, code: 20429 }, THEIRS, { code: 'upstream', retryAfterMs: 1_000 }],
    ['a failure of its own', { status: 503, code: 20503 }, THEIRS, { code: 'upstream' }],
    ['silence', 'stalls', THEIRS, { code: 'upstream' }],
    ['a cut connection', 'cuts', THEIRS, { code: 'upstream' }],
  ];
  it.each(failures)(
    'that answers with %s fails in our words, without credentials',
    async (_, mood, account, told) => {
      const { authToken, accountSid } = account ?? OURS;
      const basic = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
      const message = `No: ${authToken} and /Accounts/${accountSid}/Calls.json, Basic ${basic}`;
      server.mood = typeof mood === 'string' ? mood : { ...mood, message };
      const { ref } = { ref: `CA${'1'.repeat(32)}` };
      const attempts = [
        () => real.carrier.dial({ ...ORDER, account }, signal()),
        () => real.carrier.hangUp({ account, ref }, signal()),
      ];
      for (const [at, attempt] of attempts.entries()) {
        const error = await attempt().then(
          () => null,
          (thrown: unknown) => thrown,
        );
        // Hanging up on a call that is not there is none.
        if (at === 1 && typeof mood === 'object' && mood.code === 20404) {
          expect(error).toBeNull();
          continue;
        }
        expect(error).toMatchObject(told);
        const seen = inspect(error, { depth: 20, showHidden: true });
        for (const secret of [authToken, basic]) expect(seen).not.toContain(secret);
      }
    },
  );

  it('is left when there is no account to call on', async () => {
    const carrier = await openTwilioCarrier({ account: null, apiUrl: server.apiUrl });
    await expect(carrier.dial(ORDER, signal())).rejects.toMatchObject({ code: 'invalid', field: 'account' });
    await carrier.dial({ ...ORDER, account: THEIRS }, signal());
    expect(server.requests).toHaveLength(1);
  });

  it('is not waited for longer than the signal says', async () => {
    server.mood = 'stalls';
    const abort = new AbortController();
    const dialing = real.carrier.dial(ORDER, abort.signal);
    abort.abort(new Error('enough'));
    await expect(dialing).rejects.toThrow('enough');
  });
});

/** What the sandbox asked and told. */
interface Said {
  url: string;
  form: Readonly<Record<string, string>>;
  signature: string | null;
}

function telephone(given: Partial<Telephone> = {}): Telephone & { said: Said[] } {
  const said: Said[] = [];
  const note = (url: string, form: Said['form'], signature: string | null) =>
    said.push({ url, form, signature });
  const order: CarrierOrder = { kind: 'hangup' };
  return {
    said,
    ask: async (...asked) => {
      note(...asked);
      return given.ask ? given.ask(...asked) : order;
    },
    tell: async (...told) => void note(...told),
    connect: given.connect ?? (() => Promise.reject(new Error('no media here'))),
  };
}

/** Time that passes as soon as it is waited for. */
function hasty(): Clock {
  let nowMs = 1_000_000;
  return {
    nowMs: () => nowMs,
    after(delayMs, run) {
      const soon = setImmediate(() => {
        nowMs += delayMs;
        run();
      });
      return () => clearImmediate(soon);
    },
  };
}

async function sandboxCall(order: Partial<DialOrder>, given: Partial<Telephone> = {}) {
  const phone = telephone(given);
  const carrier = sandboxCarrier({ telephone: phone, account: OURS, clock: hasty(), log: silentLog });
  const { ref } = await carrier.dial({ ...ORDER, ...order }, signal());
  const isOver = () =>
    !['queued', 'initiated', 'ringing', 'in-progress'].includes(carrier.placed()[0]!.status);
  while (!isOver()) await new Promise((resolve) => setImmediate(resolve));
  await carrier.close();
  const told = phone.said.filter(({ url }) => url === ORDER.statusUrl);
  const asked = phone.said.filter(({ url }) => url === ORDER.answerUrl);
  return { ref, said: phone.said, told, asked, statuses: told.map(({ form }) => form.CallStatus), carrier };
}

describe('the sandbox', () => {
  it.each([
    ['+12125550199', ['initiated', 'ringing', 'no-answer']],
    ['+12125550198', ['initiated', 'busy']],
    ['+12125550101', ['initiated', 'ringing', 'in-progress', 'completed']],
  ])('reports %s in order', async (to, statuses) => {
    const call = await sandboxCall({ to });
    expect(call.statuses).toEqual(statuses);
    expect(call.told.map(({ form }) => form.SequenceNumber)).toEqual(statuses.map((_, at) => String(at)));
    for (const { form } of call.told)
      expect(form).toMatchObject({ CallSid: call.ref, To: to, From: ORDER.from });
  });

  it.each([null, THEIRS])('signs everything as the account does that it is on', async (account) => {
    const { said } = await sandboxCall({ account });
    const { accountSid, authToken } = account ?? OURS;
    expect(said.length).toBeGreaterThan(4);
    for (const { url, form, signature } of said) {
      expect(form.AccountSid).toBe(accountSid);
      expect(twilio.validateRequest(authToken, signature!, url, { ...form })).toBe(true);
    }
  });

  it.each([
    ['+12125550101', null, undefined],
    ['+12125550101', 'Enable', 'human'],
    ['+12125550197', null, undefined],
    ['+12125550197', 'Enable', 'machine_start'],
    ['+12125550197', 'DetectMessageEnd', 'machine_end_beep'],
  ] as const)('%s is found out with %s: %s', async (to, machineDetection, answeredBy) => {
    const { asked } = await sandboxCall({ to, machineDetection });
    expect(asked.map(({ form }) => form.AnsweredBy)).toEqual([answeredBy]);
  });

  it('goes on after the media as a carrier does, and counts the seconds', async () => {
    const actionUrl = 'https://voice.example.com/after';
    const stream = {
      kind: 'stream',
      url: 'wss://voice.example.com/media',
      parameters: {},
      actionUrl,
    } as const;
    let connected: unknown;
    const line: FarLine = {
      say: async () => {},
      beep: async () => {},
      hearsAgent: async () => false,
      hangUp() {},
      ended: Promise.resolve({ byServer: true }),
    };
    const call = await sandboxCall(
      {},
      {
        ask: async (url) => (url === ORDER.answerUrl ? stream : { kind: 'hangup' }),
        connect: async (order) => {
          connected = order;
          return line;
        },
      },
    );
    expect(connected).toMatchObject({ url: stream.url, callSid: call.ref, accountSid: OURS.accountSid });
    expect(call.said.map(({ url }) => url).filter((url) => url === actionUrl)).toHaveLength(1);
    expect(call.carrier.placed(ORDER.to)).toMatchObject([
      { callSid: call.ref, mediaUrl: stream.url, status: 'completed' },
    ]);
    expect(call.told.at(-1)!.form.CallDuration).toMatch(/^\d+$/);
  });

  it('tells of a call that it could not make', async () => {
    const { statuses } = await sandboxCall(
      {},
      { ask: () => Promise.reject(new Error('the server is gone')) },
    );
    expect(statuses.at(-1)).toBe('failed');
  });
});
