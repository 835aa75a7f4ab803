import { Type } from 'typebox';
import type { RouteModule } from '#http/dialect';
import { publicOperation } from '#http/operation';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { PublicPlanBody, showPublicPlan } from '../shapes/plan.ts';

const TAG = 'Public Endpoints';
const config = { access: 'public' };

/** What anyone may ask. */
export const publicRoutes =
  ({ services, clock }: VoicexDeps): RouteModule =>
  (app) => {
    const health = {
      ...publicOperation('checkHealth', TAG, 'Tell that the backend is up'),
      response: {
        200: Type.Object({ status: Type.Literal('ok'), timestamp: Type.Integer() }),
        ...failures(),
      },
    };
    app.get('/api/health', { config, schema: health }, () => ({
      status: 'ok' as const,
      timestamp: Math.floor(clock.nowMs()),
    }));

    const plans = {
      ...publicOperation('listPublicPlans', TAG, 'List the plans a pricing page shows'),
      response: { 200: Type.Array(PublicPlanBody), ...failures() },
    };
    app.get('/api/plans', { config, schema: plans }, async () =>
      (await services.plans.listPublic()).map(showPublicPlan),
    );

    const setup = {
      ...publicOperation('getSetupStatus', TAG, 'Tell whether the initial setup was completed'),
      response: { 200: Type.Object({ completed: Type.Boolean() }), ...failures() },
    };
    app.get('/api/setup/status', { config, schema: setup }, async () => ({
      completed: await services.tenants.setupCompleted(),
    }));
  };
