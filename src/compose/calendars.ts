import { SANDBOX_API_KEY, sandboxCalendar } from '#adapters/calendar/sandbox/sandbox-calendar';
import type { Calendars } from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { makeScope } from '#kernel/scope';

/** Each tenant's calendar in the sandbox: its bookings are rows of the database, written under the tenant's lock. */
export function sandboxCalendars(uow: UnitOfWork, clock: Clock): Calendars {
  return {
    async open(tenantId) {
      const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
      const { timezone } = await uow.read(scope, (repos) => repos.tenant.get());
      return sandboxCalendar({
        apiKey: SANDBOX_API_KEY,
        tenantId,
        timezone,
        clock,
        store: {
          read: (run) => uow.read(scope, (repos) => run(repos.bookings)),
          write: (run) =>
            uow.write(scope, async (tx) => {
              await tx.tenant.lock();
              return run(tx.bookings);
            }),
        },
      });
    },
  };
}
