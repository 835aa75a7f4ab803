/** Money: whole millionths of a US dollar, so that prices per second and per token add up exactly. */
export type MicroUsd = number;

export const MICROS_PER_USD = 1_000_000;

/** Dollars to micro-units, rounded to the nearest. */
export function microsFromUsd(usd: number): MicroUsd {
  return Math.round(usd * MICROS_PER_USD);
}

/** Micro-units as dollars, for printing only. */
export function usdFromMicros(micros: MicroUsd): number {
  return micros / MICROS_PER_USD;
}
