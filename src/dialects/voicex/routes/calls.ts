import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import { sendRecording } from '#http/send-recording';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Id, IdParams } from '../schemas.ts';
import {
  CallBody,
  CallDetailBody,
  CallStatusWord,
  DeliveryBody,
  showCall,
  showCallDetail,
  showDelivery,
} from '../shapes/call.ts';

const TAG = 'Calls';

const listCalls = {
  ...operation('listCalls', TAG, 'Page through calls, by agent or status if wanted'),
  querystring: Type.Object({
    agentId: Type.Optional(Id),
    status: Type.Optional(CallStatusWord),
    skip: Type.Integer({ minimum: 0, default: 0, description: 'Calls to pass over.' }),
    limit: Type.Integer({ minimum: 1, default: 20, description: 'Calls a page, up to 1000.' }),
    before: Type.Optional(
      Type.String({ description: 'Only calls older than this one: pages that stay while calls are added.' }),
    ),
    after: Type.Optional(Type.String({ description: 'Only calls newer than this one, those next to it.' })),
  }),
  response: { 200: Type.Array(CallBody), ...failures(400, 401, 403) },
};

const countCalls = {
  ...operation('countCalls', TAG, "Count the organization's calls"),
  response: { 200: Type.Object({ count: Type.Integer() }), ...failures(401, 403) },
};

const getCall = {
  ...operation('getCall', TAG, 'Show one call with transcript, summary, sentiment and metrics'),
  params: IdParams,
  response: { 200: CallDetailBody, ...failures(400, 401, 403, 404) },
};

const Audio = Type.Unsafe<unknown>({ contentEncoding: 'binary' });

const getRecording = {
  ...operation('getRecording', TAG, 'Fetch the recording of a call as a WAV file, whole or in part'),
  params: IdParams,
  response: {
    200: {
      description: 'Stereo: the caller left, the agent right.',
      content: { 'audio/wav': { schema: Audio } },
    },
    206: { description: 'The range asked for.', content: { 'audio/wav': { schema: Audio } } },
    ...failures(400, 401, 403, 404),
  },
};

const listDeliveries = {
  ...operation('listWebhookDeliveries', TAG, "List the tries to deliver a call's webhook, oldest first"),
  params: IdParams,
  response: { 200: Type.Array(DeliveryBody), ...failures(400, 401, 403, 404) },
};

const getUsage = {
  ...operation('getUsageAnalytics', 'Analytics', 'Show usage day by day'),
  querystring: Type.Object({ days: Type.Integer({ minimum: 1, default: 30 }) }),
  response: {
    200: Type.Array(
      Type.Object({
        date: Type.String(),
        calls: Type.Integer(),
        minutes: Type.Number(),
        tokens: Type.Integer(),
        ttsChars: Type.Integer(),
      }),
    ),
    ...failures(400, 401, 403),
  },
};

/** Calls the agents held, and what they used. */
export const callRoutes =
  ({ services: { calls, usage, webhooks }, blobs, publicUrl }: VoicexDeps): RouteModule =>
  (app) => {
    app.get('/api/dashboard/calls', { schema: listCalls }, async (request) => {
      const { agentId, ...page } = request.query;
      const found = await calls.page(scopeOf(request), { ...page, assistantId: agentId });
      return found.map((call) => showCall(call, publicUrl));
    });

    app.get('/api/dashboard/calls/count', { schema: countCalls }, async (request) => ({
      count: await calls.count(scopeOf(request)),
    }));

    app.get('/api/dashboard/calls/:id', { schema: getCall }, async (request) =>
      showCallDetail(await calls.get(scopeOf(request), request.params.id), publicUrl),
    );

    app.get('/api/dashboard/calls/:id/recording', { schema: getRecording }, async (request, reply) => {
      const call = await calls.get(scopeOf(request), request.params.id);
      return sendRecording({ request, reply, blobs, key: call.recordingKey });
    });

    app.get('/api/dashboard/calls/:id/webhook-deliveries', { schema: listDeliveries }, async (request) =>
      (await webhooks.deliveries(scopeOf(request), request.params.id)).map(showDelivery),
    );

    app.get('/api/dashboard/analytics/usage', { schema: getUsage }, async (request) => [
      ...(await usage.daily(scopeOf(request), request.query.days)),
    ]);
  };
