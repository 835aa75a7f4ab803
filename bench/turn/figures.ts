/** The value below which that share of the numbers lies; NaN of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Median, p95 and the largest, for a table. */
export function spreadOf(numbers: readonly number[]): { median: number; p95: number; max: number } {
  const [median, p95, max] = [0.5, 0.95, 1].map((share) => Math.round(quantile(numbers, share)));
  return { median: median!, p95: p95!, max: max! };
}

/** A verdict that no reader of the output can miss. */
export function verdict(requirement: string, found: string, isMet: boolean): void {
  console.log(`${isMet ? 'MET    ' : 'NOT MET'}  ${requirement}: ${found}`);
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Numbers of 0 to 1 that are the same in every run: Mulberry32. */
export function drawer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Does the work for all things, so many at once; results in the things' order. */
export async function several<T, R>(
  things: readonly T[],
  atOnce: number,
  work: (thing: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const one = async () => {
    for (let i = next++; i < things.length; i = next++) results[i] = await work(things[i]!, i);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return results;
}
