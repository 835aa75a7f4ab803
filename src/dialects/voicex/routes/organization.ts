import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { nullable, operation } from '#http/operation';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Category, Id } from '../schemas.ts';
import { AuditBody, showAuditEntry } from '../shapes/audit.ts';
import {
  FoundModelBody,
  OrganizationInfoBody,
  PlanBody,
  showFoundModel,
  showOrganizationInfo,
  showPlan,
} from '../shapes/plan.ts';

const getOrganization = {
  ...operation('getOrganization', 'Organization', 'Show the organization with its plan and limits'),
  response: { 200: OrganizationInfoBody, ...failures(401, 403) },
};

const updateOrganization = {
  ...operation('updateOrganization', 'Organization', 'Rename the organization'),
  body: Type.Object({ name: Type.String({ minLength: 1 }) }),
  response: { 200: Type.Object({ _id: Id, name: Type.String() }), ...failures(400, 401, 403) },
};

const getWebhookSecret = {
  ...operation('getWebhookSecret', 'Organization', 'Show what the signatures of webhooks are checked with'),
  response: {
    200: Type.Object({ secret: Type.String({ description: 'In the form of Standard Webhooks, whsec_….' }) }),
    ...failures(401, 403),
  },
};

const getAudit = {
  ...operation('getAuditLog', 'Organization', 'Show who changed what, newest first'),
  querystring: Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Entries a page.' }),
    after: Type.Optional(Type.String({ minLength: 1, description: "An earlier answer's `next`." })),
  }),
  response: {
    200: Type.Object({
      items: Type.Array(AuditBody),
      next: nullable(Type.String({ description: 'Where the next page begins; null on the last one.' })),
    }),
    ...failures(400, 401, 403),
  },
};

const getStats = {
  ...operation('getStats', 'Organization', 'Sum up calls, agents, minutes and durations'),
  response: {
    200: Type.Object({
      totalCalls: Type.Integer(),
      activeAgents: Type.Integer(),
      totalMinutes: Type.Number(),
      averageDuration: nullable(Type.Number({ description: 'Seconds; null before the first call ended.' })),
    }),
    ...failures(401, 403),
  },
};

const getPlan = {
  ...operation('getPlan', 'Plan', "Show the organization's plan with its models and features"),
  response: { 200: PlanBody, ...failures(401, 403) },
};

const searchModels = {
  ...operation('searchModels', 'Model Search', 'Find models across all providers, usable ones first'),
  querystring: Type.Object({
    category: Category,
    query: Type.String({ default: '', description: 'Found in model id and label, whatever the case.' }),
    skip: Type.Integer({ minimum: 0, default: 0, description: 'Matches to pass over.' }),
    limit: Type.Integer({ minimum: 1, default: 10, description: 'Matches a page, up to 1000.' }),
    after: Type.Optional(
      Type.String({ description: "An earlier answer's `next`: pages that stay while models are added." }),
    ),
  }),
  response: {
    200: Type.Object({
      items: Type.Array(FoundModelBody),
      total: Type.Integer(),
      skip: Type.Integer(),
      limit: Type.Integer({ examples: [10] }),
      next: nullable(Type.String({ description: 'Where the next page begins; null on the last one.' })),
    }),
    ...failures(400, 401, 403),
  },
};

/** The organization that asks, its totals, its plan, and the models it can use. */
export const organizationRoutes =
  ({ services }: VoicexDeps): RouteModule =>
  (app) => {
    app.get('/api/dashboard/organization', { schema: getOrganization }, async (request) =>
      showOrganizationInfo(await services.tenants.get(scopeOf(request))),
    );

    app.patch('/api/dashboard/organization', { schema: updateOrganization }, async (request) => {
      const tenant = await services.tenants.update(scopeOf(request), { name: request.body.name });
      return { _id: tenant.id, name: tenant.name };
    });

    app.get('/api/dashboard/webhook-secret', { schema: getWebhookSecret }, async (request) => ({
      secret: services.webhooks.signingSecret(scopeOf(request)),
    }));

    app.get('/api/dashboard/audit', { schema: getAudit }, async (request) => {
      const page = await services.audit.list(scopeOf(request), request.query);
      return { items: page.items.map(showAuditEntry), next: page.next };
    });

    app.get('/api/dashboard/stats', { schema: getStats }, async (request) => {
      const { averageDurationSec, ...totals } = await services.usage.stats(scopeOf(request));
      return { ...totals, averageDuration: averageDurationSec };
    });

    app.get('/api/dashboard/plan', { schema: getPlan }, async (request) =>
      showPlan(await services.plans.ofTenant(scopeOf(request))),
    );

    app.get('/api/dashboard/models/search', { schema: searchModels }, async (request) => {
      const { skip, limit } = request.query;
      const page = await services.plans.searchModels(scopeOf(request), request.query);
      return { items: page.items.map(showFoundModel), total: page.total, skip, limit, next: page.next };
    });
  };
