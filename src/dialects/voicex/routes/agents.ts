import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Done, IdParams } from '../schemas.ts';
import { AgentBody, AgentDetailBody, showAgent, showAgentDetail } from '../shapes/agent.ts';
import { CreateAgentBody, readAgent, readNewAgent, UpdateAgentBody } from '../shapes/agent-input.ts';

const TAG = 'Agents';
const ONCE = { idempotent: true };
const ONE = '/api/dashboard/agents/:id';

const listAgents = {
  ...operation('listAgents', TAG, "List the organization's agents with their computed status"),
  response: { 200: Type.Array(AgentBody), ...failures(401, 403) },
};

const createAgent = {
  ...operation('createAgent', TAG, 'Create an agent within the limits of the plan'),
  body: CreateAgentBody,
  response: { 201: AgentDetailBody, ...failures(400, 401, 403, 404) },
};

const getAgent = {
  ...operation('getAgent', TAG, 'Show one agent with its computed status'),
  params: IdParams,
  response: { 200: AgentDetailBody, ...failures(400, 401, 403, 404) },
};

const updateAgent = {
  ...operation('updateAgent', TAG, 'Change some fields of an agent'),
  params: IdParams,
  body: UpdateAgentBody,
  response: { 200: AgentDetailBody, ...failures(400, 401, 403, 404) },
};

const deleteAgent = {
  ...operation('deleteAgent', TAG, 'Delete an agent'),
  params: IdParams,
  response: { 200: Done, ...failures(400, 401, 403, 404) },
};

/** Agents: what other dialects call assistants. The tenant's default one is not listed. */
export const agentRoutes =
  ({ services: { assistants } }: VoicexDeps): RouteModule =>
  (app) => {
    app.get('/api/dashboard/agents', { schema: listAgents }, async (request) =>
      (await assistants.list(scopeOf(request))).map(showAgent),
    );

    app.post('/api/dashboard/agents', { config: ONCE, schema: createAgent }, async (request, reply) => {
      const agent = await assistants.create(scopeOf(request), readNewAgent(request.body));
      return reply.code(201).send(showAgentDetail(agent));
    });

    app.get(ONE, { schema: getAgent }, async (request) =>
      showAgentDetail(await assistants.get(scopeOf(request), request.params.id)),
    );

    app.patch(ONE, { schema: updateAgent }, async (request) => {
      const edit = readAgent(request.body);
      return showAgentDetail(await assistants.update(scopeOf(request), request.params.id, edit));
    });

    app.delete(ONE, { schema: deleteAgent }, async (request) => {
      await assistants.remove(scopeOf(request), request.params.id);
      return {};
    });
  };
