import { and, asc, eq, sql } from 'drizzle-orm';
import type { PhoneNumber } from '#core/numbers/number';
import type { NumberDirectory, NumberRepo } from '#core/numbers/repo';
import type { NumberId, TenantId } from '#kernel/ids';
import { numbers } from '../tables/assistants.ts';
import { prepared } from './prepared.ts';
import { type Session, single } from './session.ts';

const numbersOf = prepared('numbers_of', (session) =>
  session
    .select()
    .from(numbers)
    .where(eq(numbers.tenantId, sql.placeholder('tenantId')))
    .orderBy(asc(numbers.id)),
);

export function numberRepo(session: Session, tenantId: TenantId): NumberRepo {
  const own = eq(numbers.tenantId, tenantId);
  const ownId = (id: NumberId) => and(own, eq(numbers.id, id));
  return {
    insert: async (number) => void (await session.insert(numbers).values({ ...number, tenantId })),
    list: (): Promise<PhoneNumber[]> => numbersOf(session, { tenantId }),
    find: async (id) => single<PhoneNumber>(await session.select().from(numbers).where(ownId(id))),
    findByE164: async (e164) =>
      single<PhoneNumber>(
        await session
          .select()
          .from(numbers)
          .where(and(own, eq(numbers.e164, e164))),
      ),
    update: async (id, change) =>
      single<PhoneNumber>(await session.update(numbers).set(change).where(ownId(id)).returning()),
    async remove(id) {
      const rows = await session.delete(numbers).where(ownId(id)).returning({ id: numbers.id });
      return rows.length > 0;
    },
  };
}

export function numberDirectory(session: Session): NumberDirectory {
  return {
    findByE164: async (e164) =>
      single<PhoneNumber>(await session.select().from(numbers).where(eq(numbers.e164, e164))),
  };
}
