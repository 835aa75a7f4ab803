/**
 * Memory that the calls' thread and the voice detector's thread share: one slot a stream, each a ring of samples going
 * in and a ring of verdicts coming out. Each ring has one writer and one reader; a slot goes free -> open (by the
 * calls' thread) -> closed (by the calls' thread) -> free (by the detector's thread), so it is never reused while an
 * old verdict may still be written to it.
 */
export interface VadMemory {
  /** CONTROL words, then SLOT_WORDS a slot. */
  words: Int32Array<SharedArrayBuffer>;
  samples: Int16Array<SharedArrayBuffer>;
  verdicts: Float32Array<SharedArrayBuffer>;
}

/** Calls one process may listen to at a time. */
export const SLOTS = 512;
/** Samples a slot holds: 340 ms at the highest rate, two seconds at the telephone's. */
export const RING = 16_384;
/** One verdict is given for each window of this length. */
export const WINDOW_MS = 32;
/** Verdicts a slot holds. */
export const VERDICTS = 64;

/** Control word: counts up with every window completed; the detector's thread sleeps on it. */
export const BELL = 0;
/** Control word: slots in use have lower numbers than this. */
export const HIGHEST = 1;
/** Control word: 1 when the detector shall end. */
export const STOP = 2;
const CONTROL = 4;

/** Words of a slot. */
export const STATE = 0;
export const RATE = 1;
/** Samples written, modulo 2^32. */
export const WRITTEN = 2;
/** Verdicts given, modulo 2^32. */
export const JUDGED = 3;
const SLOT_WORDS = 4;

export const FREE = 0;
export const OPEN = 1;
export const CLOSED = 2;

export function vadMemory(): VadMemory {
  return {
    words: new Int32Array(new SharedArrayBuffer((CONTROL + SLOTS * SLOT_WORDS) * 4)),
    samples: new Int16Array(new SharedArrayBuffer(SLOTS * RING * 2)),
    verdicts: new Float32Array(new SharedArrayBuffer(SLOTS * VERDICTS * 4)),
  };
}

/** Where a word of a slot stands. */
export function wordAt(slot: number, word: number): number {
  return CONTROL + slot * SLOT_WORDS + word;
}

/** Samples in one window of 32 ms; not whole at the rates of music. */
export function windowSamples(rateHz: number): number {
  return (rateHz * WINDOW_MS) / 1000;
}
