import type { Accounts } from '#core/accounts/service';
import type { Assistants } from '#core/assistants/service';
import type { Admission } from '#core/calls/admission';
import type { CallLifecycle } from '#core/calls/lifecycle';
import type { Calls } from '#core/calls/service';
import type { Keys } from '#core/keys/service';
import type { Numbers } from '#core/numbers/service';
import type { Plans } from '#core/plans/service';
import type { Calendars } from '#core/ports';
import type { Providers } from '#core/providers/service';
import type { Oversight } from '#core/tenants/oversight';
import type { Tenants } from '#core/tenants/service';
import type { Usage } from '#core/usage/service';

/** Every use case of the platform, by noun. */
export interface Services {
  readonly accounts: Accounts;
  readonly tenants: Tenants;
  readonly oversight: Oversight;
  readonly keys: Keys;
  readonly plans: Plans;
  readonly providers: Providers;
  readonly assistants: Assistants;
  readonly numbers: Numbers;
  readonly admission: Admission;
  readonly lifecycle: CallLifecycle;
  readonly calls: Calls;
  readonly usage: Usage;
  readonly calendars: Calendars;
}
