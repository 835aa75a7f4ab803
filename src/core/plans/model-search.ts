import { invalid } from '#core/fields';
import { LARGEST_PLAN } from '#core/plans/catalogue';
import { type ModelCategory, type Plan, planAllows } from '#core/plans/plan';
import type { Provider } from '#core/providers/provider';
import type { ProviderId } from '#kernel/ids';
import { parseJson } from '#kernel/json';

/** One model of one provider, as a tenant finds it. */
export interface FoundModel {
  readonly providerId: ProviderId;
  readonly providerKey: string;
  readonly providerName: string;
  readonly modelId: string;
  readonly label: string;
  readonly source: 'global' | 'client';
  readonly allowed: boolean;
  /** The smallest plan that lists the model; null when it is allowed. */
  readonly requiredPlan: string | null;
}

/** What there is to search in. `plans` are in order of size. */
interface Shelf {
  readonly plan: Plan;
  readonly plans: readonly Plan[];
  readonly providers: readonly Provider[];
}

/**
 * Models of active providers whose id or label holds the text, whatever the case: usable ones first, then by provider
 * and label. The order is total, so that pages of it neither overlap nor leave anything out.
 */
export function matchingModels({ plan, plans, providers }: Shelf, query: string): FoundModel[] {
  const wanted = query.trim().toLowerCase();
  const found = providers
    .filter(({ active }) => active)
    .flatMap((provider) =>
      provider.models
        .filter(({ modelId, label }) => `${modelId}\n${label}`.toLowerCase().includes(wanted))
        .map((model): FoundModel => {
          const name = { providerKey: provider.providerKey, modelId: model.modelId };
          const allowed = provider.source === 'client' || planAllows(plan, provider.category, name);
          return {
            providerId: provider.id,
            providerKey: provider.providerKey,
            providerName: provider.name,
            modelId: model.modelId,
            label: model.label,
            source: provider.source,
            allowed,
            requiredPlan: allowed ? null : smallestWith(plans, provider.category, name),
          };
        }),
    );
  return found.sort((a, b) => comparePlaces(placeOf(a), placeOf(b)));
}

/** What a model's place in the order follows from. */
type Place = readonly [
  needsPlan: number,
  provider: string,
  label: string,
  providerId: string,
  modelId: string,
];

function placeOf({ allowed, providerName, label, providerId, modelId }: FoundModel): Place {
  return [allowed ? 0 : 1, providerName, label, providerId, modelId];
}

function comparePlaces(a: Place, b: Place): number {
  return (
    a[0] - b[0] ||
    a[1].localeCompare(b[1]) ||
    a[2].localeCompare(b[2]) ||
    byCodeUnits(a[3], b[3]) ||
    byCodeUnits(a[4], b[4])
  );
}

const byCodeUnits = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

/** Where a page ended, so that the next begins there whatever was added or taken away meanwhile. */
export function cursorAfter(model: FoundModel): string {
  return Buffer.from(JSON.stringify(placeOf(model))).toString('base64url');
}

/** The models behind that place. Throws `invalid` (`after`) for a cursor that no answer gave. */
export function modelsAfter(models: readonly FoundModel[], cursor: string): FoundModel[] {
  const place = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!isPlace(place)) throw invalid('after', 'after is no page of this list.');
  return models.filter((model) => comparePlaces(placeOf(model), place) > 0);
}

function isPlace(value: unknown): value is Place {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [needsPlan, ...texts] = value as unknown[];
  return (needsPlan === 0 || needsPlan === 1) && texts.every((text) => typeof text === 'string');
}

/** Plans anyone can get come first; `plans` are in order of size. */
function smallestWith(
  plans: readonly Plan[],
  category: ModelCategory,
  name: Parameters<typeof planAllows>[2],
): string {
  const having = plans.filter((plan) => planAllows(plan, category, name));
  return (having.find((plan) => plan.public && !plan.custom) ?? having[0])?.slug ?? LARGEST_PLAN;
}
