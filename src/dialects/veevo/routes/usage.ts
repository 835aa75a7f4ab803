import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Id } from '../schemas.ts';
import { showUsagePage, showUsageSummary, UsagePageBody, UsageSummaryBody } from '../shapes/usage.ts';

const TAG = 'Usage';
const LARGEST_PAGE = 100;

const listUsageRecords = {
  ...operation('listUsageRecords', TAG, 'Page through past calls and what each cost, newest first'),
  querystring: Type.Object({
    limit: Type.Integer({
      minimum: 1,
      default: 50,
      description: '100 at most: more is taken as 100.',
    }),
    offset: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, default: 0, description: 'Records to skip.' }),
    before: Type.Optional({
      ...Id,
      description:
        'The id of a record: those that come after it. Such pages stay right while calls are added.',
    }),
  }),
  response: { 200: UsagePageBody, ...failures(400, 401, 403) },
};

const getCurrentUsage = {
  ...operation('getCurrentUsage', TAG, 'Sum up this month and all time'),
  response: { 200: UsageSummaryBody, ...failures(401, 403) },
};

/** Past calls, and totals. */
export const usageRoutes =
  ({ services: { usage, billing } }: VeevoDeps): RouteModule =>
  (app) => {
    app.get('/api/usage', { schema: listUsageRecords }, async (request) => {
      const { offset, before } = request.query;
      const limit = Math.min(request.query.limit, LARGEST_PAGE);
      const page = await usage.calls(scopeOf(request), { skip: offset, limit, before });
      return showUsagePage(page, { limit, offset });
    });

    app.get('/api/usage/current', { schema: getCurrentUsage }, async (request) => {
      const scope = scopeOf(request);
      return showUsageSummary(await usage.totals(scope), await billing.subscription(scope));
    });
  };
