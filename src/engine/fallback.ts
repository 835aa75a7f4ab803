import type { CallEventBody, Stage } from '#engine/events';
import { ProviderError, type SharedProvider } from '#engine/ports';
import type { Clock } from '#kernel/clock';

/** One provider of a stage, and how it has been doing in this call. */
export interface Link<T> {
  readonly name: string;
  readonly use: T;
  failures: number;
  /** Not asked before this time; infinite for one that refused us. */
  coolUntilMs: number;
  /** It is passed over for its failures in other calls, and that has been told. */
  isPassedOver: boolean;
}

export interface FallbackDeps {
  clock: Clock;
  report(event: CallEventBody): void;
}

const COOL_MS = 5_000;
const LONGEST_COOL_MS = 60_000;

/**
 * The providers of one stage in order of preference, each behind a circuit breaker: one that failed is left alone for
 * 5 s, doubling to a minute (or as long as it asked for), then tried again, and is preferred again once it works.
 * One that refused (bad key, unknown model) is not asked again in this call. One that has just failed in another call
 * comes after the others, but is never left out for that.
 */
export class Fallback<T extends SharedProvider> {
  readonly #stage: Stage;
  readonly #deps: FallbackDeps;
  readonly links: readonly Link<T>[];

  constructor(stage: Stage, providers: readonly { name: string; use: T }[], deps: FallbackDeps) {
    this.#stage = stage;
    this.#deps = deps;
    const unused = { failures: 0, coolUntilMs: 0, isPassedOver: false };
    this.links = providers.map(({ name, use }) => ({ name, use, ...unused }));
  }

  /**
   * Who is asked next, after those in `tried` failed: the first that is not cooling, else any that may be asked at
   * all, else, once, the first again. Null when nobody is left.
   */
  next(tried: readonly Link<T>[]): Link<T> | null {
    const fresh = this.links.filter(
      (link) => !tried.includes(link) && link.coolUntilMs < Number.POSITIVE_INFINITY,
    );
    const ready = this.#best(fresh) ?? fresh[0];
    if (ready) return ready;
    if (tried.length > this.links.length) return null;
    return tried.find((link) => link.coolUntilMs < Number.POSITIVE_INFINITY) ?? null;
  }

  /** The most preferred that is not cooling; null when all are. */
  ready(): Link<T> | null {
    return this.#best(this.links);
  }

  #best(links: readonly Link<T>[]): Link<T> | null {
    const nowMs = this.#deps.clock.nowMs();
    const cool = links.filter((link) => link.coolUntilMs <= nowMs);
    const best = cool.find(({ use }) => !use.health?.isResting) ?? cool[0] ?? null;
    for (const link of cool) {
      if (link === best) break;
      this.#passOver(link);
    }
    return best;
  }

  #passOver(link: Link<T>): void {
    if (link.isPassedOver) return;
    link.isPassedOver = true;
    const why = 'it has just failed in another call';
    this.#deps.report({ type: 'degraded', stage: this.#stage, provider: link.name, step: 'fallback', why });
  }

  /** Milliseconds until the next one may be asked; infinite when none ever will. */
  waitMs(): number {
    const soonest = Math.min(...this.links.map((link) => link.coolUntilMs), Number.POSITIVE_INFINITY);
    return Math.max(0, soonest - this.#deps.clock.nowMs());
  }

  /** `link` failed; `standIn` says whether somebody is asked in its place. */
  failed(link: Link<T>, thrown: unknown, standIn: boolean): void {
    link.failures++;
    const restMs = coolMs(link.failures, thrown);
    link.coolUntilMs = this.#deps.clock.nowMs() + restMs;
    if (Number.isFinite(restMs))
      link.use.health?.failed(thrown instanceof ProviderError ? thrown.retryAfterMs : undefined);
    if (!standIn) return;
    const why = reason(thrown);
    this.#deps.report({ type: 'degraded', stage: this.#stage, provider: link.name, step: 'fallback', why });
  }

  worked(link: Link<T>): void {
    link.use.health?.worked();
    if (link.failures === 0 && !link.isPassedOver) return;
    link.failures = 0;
    link.coolUntilMs = 0;
    link.isPassedOver = false;
    const why = 'it works again';
    this.#deps.report({ type: 'degraded', stage: this.#stage, provider: link.name, step: 'recovered', why });
  }
}

function coolMs(failures: number, thrown: unknown): number {
  if (thrown instanceof ProviderError) {
    if (!thrown.retryable) return Number.POSITIVE_INFINITY;
    if (thrown.retryAfterMs !== undefined) return thrown.retryAfterMs;
  }
  return Math.min(LONGEST_COOL_MS, COOL_MS * 2 ** (failures - 1));
}

/** What went wrong, in words fit for an event: only a ProviderError's own text is known to hold no credential. */
export function reason(thrown: unknown): string {
  if (thrown instanceof ProviderError) return `${thrown.kind}: ${thrown.message}`;
  return thrown instanceof Error ? `unexpected ${thrown.name}` : 'unexpected failure';
}
