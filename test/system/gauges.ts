import type { TestServer } from '#test/support/server';

/** Figures of `/metrics` by name, with their labels as they stand there. */
export type Gauges = ReadonlyMap<string, number>;

export async function readGauges(server: TestServer): Promise<Gauges> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}

/** A figure over time. */
export interface Sample {
  atMs: number;
  value: number;
}

/**
 * How much a figure grows in a minute, by the line of least squares through the lowest value of each `windowMs`: what
 * the garbage collector will take away again does not count.
 */
export function growthPerMinute(samples: readonly Sample[], windowMs: number): number {
  const lowest = new Map<number, Sample>();
  for (const sample of samples) {
    const window = Math.floor(sample.atMs / windowMs);
    if (sample.value < (lowest.get(window)?.value ?? Number.POSITIVE_INFINITY)) lowest.set(window, sample);
  }
  const points = [...lowest.values()];
  const mean = (pick: (point: Sample) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [atMs, value] = [mean((point) => point.atMs), mean((point) => point.value)];
  const both = points.reduce((sum, point) => sum + (point.atMs - atMs) * (point.value - value), 0);
  const spread = points.reduce((sum, point) => sum + (point.atMs - atMs) ** 2, 0);
  return spread === 0 ? 0 : (both / spread) * 60_000;
}
