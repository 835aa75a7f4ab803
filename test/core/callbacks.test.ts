import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import type { StartingCall } from '#core/callbacks/service';
import type { Services } from '#core/services';
import { systemClock } from '#kernel/clock';
import { type CallId, newId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { type Backend, documented, hangsUp, openBackend, says, saysNothing } from '#test/core/backend';
import { inbound } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
let backend: Backend;
let http: GuardedHttp;
let services: Services;
let scope: Scope;

beforeAll(async () => {
  p = await openPlatform();
  backend = await openBackend();
  http = guardedHttp({ allow: [backend.host] });
  // Receivers refuse signatures that are not of now.
  services = p.with({ urls: http, clock: systemClock });
  ({ scope } = await p.tenant('payg'));
});
beforeEach(() => {
  backend.asked.length = 0;
  backend.replies = [];
});
afterAll(async () => {
  await http.close();
  await backend.close();
  await p.close();
});

const starting = (over: Partial<StartingCall> = {}): StartingCall => ({
  callId: newId('call'),
  callSid: 'CA00000000000000000000000000000001',
  type: 'phone',
  direction: 'inbound',
  from: '+15559876543',
  to: '+15551234567',
  startedAt: new Date('2026-05-12T15:00:00Z'),
  callbacks: {
    startUrl: `${backend.origin}/start?key=secret`,
    endUrl: `${backend.origin}/end?key=secret`,
    errorUrl: `${backend.origin}/error?key=secret`,
  },
  metadata: { order: 7 },
  variables: { shop: 'Acme' },
  ...over,
});

/** What was enqueued to tell the backend of faults. */
const errorsOf = (callId: CallId) =>
  p.rows<{ payload: Parameters<Services['webhooks']['deliver']>[0] }>(
    `select payload from graphile_worker._private_jobs where key like 'call-webhook:error_' || $1 || '%' order by id`,
    [callId],
  );

const incidentsOf = async (callId: CallId) =>
  (await errorsOf(callId)).map(({ payload }) => payload.error!.event.data);

/** Asks the backend, which answers so; what was made of it, and which faults are to be told. */
async function answered(...replies: Backend['replies']) {
  backend.replies = replies;
  const call = starting();
  const answer = await services.callbacks.ask(scope, call);
  const incidents = await incidentsOf(call.callId);
  return { call, answer, incidents };
}

const json = (body: object) => says(200, body, { 'content-type': 'application/json' });

describe('V-45 the start callback', () => {
  it('is asked what the documentation says, signed, and stands in the log without its query', async () => {
    const { call, answer, incidents } = await answered(says(204));
    expect({ answer, incidents }).toEqual({ answer: { does: 'go on' }, incidents: [] });
    const [{ path, method, headers, body }] = backend.asked as [Backend['asked'][number]];
    expect({ path, method }).toEqual({ path: '/start?key=secret', method: 'POST' });
    const verifier = new Webhook(services.webhooks.signingSecret(scope));
    const event = verifier.verify(body, headers as Record<string, string>);
    const validate = await documented('call-started');
    expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
    expect(event).toMatchObject({
      type: 'call.started',
      data: { callId: call.callId, callSid: call.callSid, from: call.from, metadata: { order: 7 } },
    });
    const { items } = await services.callbacks.deliveries(scope, { call: call.callId });
    expect(items).toMatchObject([
      {
        event: 'call.started',
        webhookId: headers['webhook-id'],
        host: backend.host,
        attempt: 1,
        status: 204,
      },
    ]);
    expect(JSON.stringify(items)).not.toContain('secret');
  });

  it.each([
    ['nothing', says(200)],
    ['white space', says(200, ' \n')],
    ['an empty object', json({})],
    ['null', says(200, 'null')],
    ['only what is unknown here', json({ colour: 'red', voice: null })],
    ['no rejection', json({ reject: false })],
  ])('that says %s takes the assistant as it is', async (_words, reply) => {
    const { answer, incidents } = await answered(reply);
    expect({ answer, incidents }).toEqual({ answer: { does: 'go on' }, incidents: [] });
  });

  it.each([
    [{ reject: true }, 'rejected'],
    [{ reject: {} }, 'rejected'],
    [{ reject: { reason: 'busy' }, systemPrompt: 7 }, 'busy'],
  ])('may turn the call away: %j', async (body, reason) => {
    expect((await answered(json(body))).answer).toEqual({ does: 'reject', reason });
  });

  it('says what the assistant is for this one call', async () => {
    const { scope: mine } = await p.tenant('payg');
    const own = await services.providers.create(mine, {
      category: 'llm',
      providerKey: 'openai',
      name: 'Mine',
      credentials: { apiKey: 'sk-secret' },
      models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
      settings: {},
    });
    const bot = await services.assistants.create(mine, {
      name: 'Bot',
      variables: { shop: 'Default', city: 'Bonn' },
      persona: { guardrails: 'Be brief.' },
    });
    const body = {
      systemPrompt: 'You sell {{shop}}.',
      firstMessage: 'Grüezi!',
      language: 'de-ch',
      voice: 'flite/slt',
      model: 'openai/gpt-4o',
      transcriber: 'tiny',
      tools: [
        {
          name: 'stock',
          url: 'https://shop.example/stock?sku={{sku}}',
          method: 'GET',
          headers: { 'x-key': 'the key of the shop' },
        },
      ],
      variables: { shop: 'Lampen', floor: 3 },
      metadata: { customer: 'c1', order: 8 },
      voicemailMessage: 'Please call back.',
      agentId: bot.id,
      unknown: { anything: true },
    };
    const validate = await documented('call-started-answer');
    expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
    backend.replies = [json(body)];
    const call = starting();
    const answer = await services.callbacks.ask(mine, call);
    if (answer.does !== 'brief') throw new Error(answer.does);
    expect(await incidentsOf(call.callId)).toEqual([]);
    expect(answer.sealed).not.toContain('the key of the shop');
    expect(services.callbacks.open(call.callId, answer.sealed)).toEqual(answer.brief);
    expect(() => services.callbacks.open(newId('call'), answer.sealed)).toThrow();

    const { callId, callbacks, metadata, variables } = call;
    const request = inbound({
      callId,
      callbacks,
      metadata,
      variables,
      brief: answer.sealed,
      voicemail: true,
    });
    const admitted = await services.admission.admit(mine, request);
    expect(admitted).toMatchObject({ callId, assistantId: bot.id });
    const order = await services.admission.redeem(admitted.token);
    expect(order).toMatchObject({
      callId,
      callbacks,
      metadata: { customer: 'c1', order: 8 },
      variables: { shop: 'Lampen', floor: '3', city: 'Bonn' },
      voicemailMessage: 'Please call back.',
      assistant: {
        id: bot.id,
        name: 'Bot',
        firstMessageMode: 'assistant',
        persona: {
          systemPrompt: 'You sell {{shop}}.',
          greeting: 'Grüezi!',
          language: 'de-CH',
          guardrails: 'Be brief.',
        },
        tools: {
          http: [
            { name: 'stock', method: 'GET', timeoutMs: 10_000, headers: { 'x-key': 'the key of the shop' } },
          ],
        },
      },
    });
    const { stt, llm, tts } = order.providers;
    expect(llm.map(({ id, modelId }) => [id, modelId])).toEqual([[own.id, 'gpt-4o']]);
    expect([stt, tts].map(([first]) => first?.modelId)).toEqual(['tiny', 'slt']);
    expect(await services.assistants.get(mine, bot.id)).toMatchObject({ persona: bot.persona, llm: bot.llm });
    const rows = await p.rows<{ row: string }>('select to_json(t)::text as row from stream_tickets t');
    expect(JSON.stringify(rows)).not.toContain('the key of the shop');
  });

  it('is what the worked example of the documentation shows', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/callbacks.md'), 'utf8');
    const [question, answer] = [...page.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, text]) =>
      JSON.parse(text!),
    );
    for (const [shown, name] of [
      [question, 'call-started'],
      [answer, 'call-started-answer'],
    ] as const) {
      const validate = await documented(name);
      expect(validate(shown), JSON.stringify(validate.errors)).toBe(true);
    }
    const { answer: understood, incidents } = await answered(json(answer));
    expect(incidents).toEqual([]);
    expect(understood).toMatchObject({
      does: 'brief',
      brief: { tts: { modelId: 'slt' }, tools: [{ name: 'track_order' }], variables: { order: '4711' } },
    });
  });

  it('brings no voicemail message to a conversation, and no variables to the next call', async () => {
    const { call, answer } = await answered(json({ variables: { a: '1' }, voicemailMessage: 'Bye.' }));
    if (answer.does !== 'brief') throw new Error(answer.does);
    const order = async (over: object) =>
      services.admission.redeem((await services.admission.admit(scope, inbound(over))).token);
    const first = await order({ callId: call.callId, brief: answer.sealed });
    expect(first).toMatchObject({ voicemailMessage: null, variables: { a: '1' } });
    expect(await order({})).toMatchObject({ voicemailMessage: null, variables: {}, metadata: {} });
    // What is another call's does not open.
    await expect(order({ callId: newId('call'), brief: answer.sealed })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  const tool = (over: object) => ({ tools: [{ name: 'a', url: 'https://shop.example/', ...over }] });
  it.each([
    ['systemPrompt', { systemPrompt: 7 }],
    ['systemPrompt', { systemPrompt: '' }],
    ['firstMessage', { firstMessage: 'x'.repeat(2_001) }],
    ['language', { language: 'klingonisch!' }],
    ['voice', { voice: 'flite/nobody' }],
    ['voice', { voice: 'concierge' }],
    ['model', { model: ['concierge'] }],
    ['model', { model: 'openai/gpt-4o' }],
    ['transcriber', { transcriber: 'deepgram/nova-2' }],
    ['tools', { tools: 'none' }],
    ['tools[0]', { tools: ['a'] }],
    ['tools[0].name', tool({ name: 'two words' })],
    ['tools[0].url', tool({ url: 'http://shop.example/' })],
    ['tools[0].timeoutMs', tool({ timeoutMs: 5 })],
    ['tools[0].parameters', tool({ parameters: { type: 'string' } })],
    ['tools', { tools: [...tool({}).tools, ...tool({}).tools] }],
    ['variables', { variables: { 'no word': 1 } }],
    ['variables.a', { variables: { a: {} } }],
    ['metadata', { metadata: [] }],
    ['voicemailMessage', { voicemailMessage: '' }],
    ['agentId', { agentId: newId('asst') }],
    ['agentId', { agentId: 7 }],
    ['reject', { reject: 'yes' }],
    ['reject.reason', { reject: { reason: 'bored' } }],
  ])('with a wrong %s is void as a whole, which is told', async (field, wrong) => {
    const { call, answer, incidents } = await answered(json({ firstMessage: 'Hello', ...wrong }));
    expect(answer).toEqual({ does: 'go on' });
    expect(incidents).toMatchObject([{ incident: 'start_answer_invalid', callId: call.callId }]);
    expect(incidents[0]!.field ?? incidents[0]!.message).toContain(field.split('.a')[0]);
  });

  it.each([
    ['words', says(200, 'OK')],
    ['a list', json([])],
  ])('that answers %s is void, which is told', async (_words, reply) => {
    const { answer, incidents } = await answered(reply);
    expect(answer).toEqual({ does: 'go on' });
    expect(incidents).toMatchObject([{ incident: 'start_answer_invalid', field: null }]);
  });

  it('names models within the plan only, and agents that can answer', async () => {
    await services.providers.createGlobal({
      category: 'llm',
      providerKey: 'anthropic',
      name: 'Everybody’s',
      credentials: { apiKey: 'sk-secret' },
      models: [{ modelId: 'claude-haiku-4-5', label: 'Haiku' }],
      settings: {},
    });
    const free = await p.tenant('free');
    backend.replies = [json({ model: 'claude-haiku-4-5' })];
    const refused = starting();
    expect(await services.callbacks.ask(free.scope, refused)).toEqual({ does: 'go on' });
    expect(await incidentsOf(refused.callId)).toMatchObject([
      { field: 'model', message: expect.stringContaining('plan') },
    ]);
    const { answer } = await answered(json({ model: 'claude-haiku-4-5' }));
    expect(answer).toMatchObject({ does: 'brief', brief: { llm: { modelId: 'claude-haiku-4-5' } } });

    const off = await services.assistants.create(scope, { name: 'Off', active: false });
    const { incidents } = await answered(json({ agentId: off.id }));
    expect(incidents).toMatchObject([{ field: 'agentId', message: expect.stringContaining('paused') }]);
  });

  it('that fails at once is asked once more, under the same id', async () => {
    for (const fails of [says(503, 'later'), hangsUp, says(429)]) {
      backend.asked.length = 0;
      const { call, answer, incidents } = await answered(fails, json({ firstMessage: 'Hello' }));
      expect(answer).toMatchObject({ does: 'brief', brief: { firstMessage: 'Hello' } });
      expect(incidents).toEqual([]);
      expect(new Set(backend.asked.map(({ headers }) => headers['webhook-id']))).toEqual(
        new Set([`started_${call.callId}`]),
      );
      const { items } = await services.callbacks.deliveries(scope, { call: call.callId });
      expect(items.map(({ attempt, failure }) => [attempt, failure === null])).toEqual([
        [2, true],
        [1, false],
      ]);
    }
  });

  it('may be asked about one call by two nodes at once', async () => {
    backend.otherwise = () => json({ firstMessage: 'Hello' });
    const call = starting();
    const answers = await Promise.all([1, 2, 3].map(() => services.callbacks.ask(scope, call)));
    backend.otherwise = () => says(204);
    expect(answers.map(({ does }) => does)).toEqual(['brief', 'brief', 'brief']);
    const { items } = await services.callbacks.deliveries(scope, { call: call.callId });
    expect(items.map(({ attempt }) => attempt).sort()).toEqual([1, 2, 3]);
  });

  it('that fails is let be, which is told', async () => {
    for (const [replies, asked] of [
      [[says(503), says(500)], 2],
      [[says(404)], 1],
      [[says(302, '', { location: '/elsewhere' })], 1],
      [[says(200, 'x'.repeat(256 * 1024 + 1)), says(200, 'x'.repeat(256 * 1024 + 1))], 2],
    ] as const) {
      backend.asked.length = 0;
      const { answer, incidents } = await answered(...replies);
      expect(answer).toEqual({ does: 'go on' });
      expect(incidents).toMatchObject([{ incident: 'start_callback_failed' }]);
      expect(backend.asked).toHaveLength(asked);
    }
  });

  it('that does not answer keeps the caller waiting for three seconds, not longer', async () => {
    const beganMs = performance.now();
    const { answer, incidents } = await answered(saysNothing, json({}));
    const tookMs = performance.now() - beganMs;
    expect(answer).toEqual({ does: 'go on' });
    expect(incidents).toMatchObject([
      { incident: 'start_callback_failed', message: expect.stringContaining('in time') },
    ]);
    expect(backend.asked).toHaveLength(1);
    expect(tookMs).toBeGreaterThan(2_500);
    expect(tookMs).toBeLessThan(5_500);
  });

  it('is not asked where there is none', async () => {
    const call = starting();
    const callbacks = { ...call.callbacks, startUrl: null };
    expect(await services.callbacks.ask(scope, { ...call, callbacks })).toEqual({ does: 'go on' });
    expect(backend.asked).toEqual([]);
    expect(await services.callbacks.deliveries(scope, { call: call.callId })).toEqual({
      items: [],
      total: 0,
    });
  });
});
