import { Type } from 'typebox';
import type { RouteModule } from '#http/dialect';
import { DomainError } from '#kernel/errors';

/** What the sandbox carrier was asked to place, newest first. */
export interface CallOutbox {
  placed(to?: string): {
    readonly callSid: string;
    readonly to: string;
    readonly from: string;
    readonly mediaUrl: string | null;
    readonly status: string;
    readonly at: Date;
  }[];
}

const Query = Type.Object({ to: Type.Optional(Type.String({ maxLength: 64 })) });

/** Calls of the sandbox; `outbox` is null where calls are a real vendor's. */
export const callOutboxRoutes =
  (outbox: CallOutbox | null): RouteModule =>
  (app) => {
    app.get('/outbox/calls', { schema: { querystring: Query } }, async (request) => {
      if (!outbox) throw new DomainError('not_found', 'Calls are placed by a real carrier.');
      // In a query string a plus sign is a space unless it is escaped.
      const to = request.query.to?.replace(/^ /, '+');
      return { items: outbox.placed(to).map((call) => ({ ...call, at: call.at.toISOString() })) };
    });
  };
