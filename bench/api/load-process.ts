import { Client } from 'undici';
import { quantile } from '#bench/turn/figures';

/** One run of load, as the parent orders it. */
export interface LoadOrder {
  url: string;
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
  connections: number;
  durationMs: number;
  /** The status that every answer must have. */
  status: number;
}

export interface LoadFigures {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Requests one after the other on each of several connections, for a while. Throws for an answer of another status. */
async function load(order: LoadOrder): Promise<LoadFigures> {
  const { method, path, headers, body, connections, durationMs, status } = order;
  const clients = Array.from({ length: connections }, () => new Client(order.url, { pipelining: 1 }));
  const tookMs: number[] = [];
  const startMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - startMs < durationMs) {
        const sentMs = performance.now();
        const answer = await client.request({ method, path, headers, body });
        const text = await answer.body.text();
        if (answer.statusCode !== status) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
        tookMs.push(performance.now() - sentMs);
      }
    }),
  );
  const seconds = (performance.now() - startMs) / 1_000;
  await Promise.all(clients.map((client) => client.close()));
  return {
    perSecond: tookMs.length / seconds,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
  };
}

process.on('message', (order: LoadOrder) => {
  load(order).then(
    (figures) => process.send!(figures),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
