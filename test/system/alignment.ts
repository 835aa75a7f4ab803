export interface Alignment {
  /** How much later the piece is in `recording` than in `original`, in ms. */
  lagMs: number;
  /** 1 for the same sound, 0 for another. */
  likeness: number;
}

export interface Piece {
  /** Where in `original`, in ms. */
  fromMs: number;
  toMs: number;
  rateHz: number;
  /** Where to look: this much later, or earlier where negative, and to either side of that. */
  nearMs: number;
  reachMs: number;
}

/** Finds a piece of one recording in another by normalized cross-correlation. */
export function align(original: Int16Array, recording: Int16Array, piece: Piece): Alignment {
  const perMs = piece.rateHz / 1000;
  const from = Math.round(piece.fromMs * perMs);
  const part = original.subarray(from, Math.round(piece.toMs * perMs));
  const best = { lagMs: 0, likeness: -1 };
  const near = Math.round(piece.nearMs * perMs);
  const reach = Math.round(piece.reachMs * perMs);
  for (let lag = near - reach; lag <= near + reach; lag++) {
    const likeness = correlation(part, recording, from + lag);
    if (likeness > best.likeness) Object.assign(best, { lagMs: lag / perMs, likeness });
  }
  return best;
}

/** Every other sample will do: speech has little above 2 kHz. */
const STEP = 2;

function correlation(part: Int16Array, recording: Int16Array, at: number): number {
  let both = 0;
  let ours = 0;
  let theirs = 0;
  for (let i = 0; i < part.length; i += STEP) {
    const a = part[i]!;
    const b = recording[at + i] ?? 0;
    both += a * b;
    ours += a * a;
    theirs += b * b;
  }
  return both / (Math.sqrt(ours * theirs) || 1);
}
