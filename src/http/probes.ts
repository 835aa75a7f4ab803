import type { FastifyInstance } from 'fastify';
import type { Log } from '#kernel/log';

/** Something the node needs before it can take work. */
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves when all is well; rejects, or takes too long, when it is not. */
  check(): Promise<void>;
}

/** What a metrics registry offers (prom-client's does). */
export interface MetricsRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
}

const CHECK_TIMEOUT_MS = 2_000;

/** A plug board's jack. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#2b5fd9"/><circle cx="8" cy="8" r="3" fill="#fff"/></svg>';

/**
 * `/favicon.ico` is one for all pages. `/healthz` says that the process answers, `/readyz` (200 or 503) which of its needs are met, `/metrics` its figures
 * as Prometheus text. None takes a credential, none tells why a check failed: that is in the log.
 */
export function probes(
  app: FastifyInstance,
  options: { checks: readonly ReadinessCheck[]; metrics: MetricsRegistry; log: Log },
): void {
  // Browsers ask for it beside every page that names no icon in its first bytes.
  app.get('/favicon.ico', (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(ICON),
  );
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(options.checks.map((check) => run(check, options.log)));
    const ready = results.every((result) => result.ok);
    const checks = Object.fromEntries(results.map((result) => [result.name, result.ok ? 'ok' : 'failed']));
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.metrics()),
  );
}

async function run(check: ReadinessCheck, log: Log): Promise<{ name: string; ok: boolean }> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const late = new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve('no answer'), { once: true });
  });
  const failure = check.check().then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const why = await Promise.race([failure, late]);
  if (why !== null) log.warn({ check: check.name, why }, 'not ready');
  return { name: check.name, ok: why === null };
}
