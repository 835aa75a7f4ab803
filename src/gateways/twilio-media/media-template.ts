import { isJsonObject, parseJson } from '#kernel/json';

const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;

interface Piece {
  /** Bytes that stand before the field, always the same. */
  literal: Uint8Array;
  field: 'digits' | 'timestamp' | 'payload' | 'end';
}

/**
 * Reads the media messages of one stream without JSON.parse. It is learned from a message that JSON.parse has read:
 * all its bytes but the counters, the timestamp and the payload must stand in a later message exactly as they did in
 * that one, so what matches is valid JSON and belongs to the same stream and track. Whatever does not match is for
 * JSON.parse to judge.
 */
export class MediaTemplate {
  readonly #pieces: readonly Piece[];
  /** Of the last message that matched: milliseconds since the stream began, and where its base64 stands. */
  timestampMs = 0;
  payload = { from: 0, to: 0 };

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** The template of a media message that has been accepted; null where its layout is too unusual to follow. */
  static learn(raw: Buffer): MediaTemplate | null {
    const text = raw.toString('latin1');
    const pieces: Piece[] = [];
    const seen = new Set<string>();
    let at = 0;
    for (const match of text.matchAll(
      /"(sequenceNumber|chunk|timestamp|payload)"\s*:\s*"?([A-Za-z0-9+/=]*)/dg,
    )) {
      const key = match[1]!;
      const [from, to] = match.indices![2]!;
      if (seen.has(key)) return null;
      seen.add(key);
      const field = key === 'timestamp' || key === 'payload' ? key : 'digits';
      pieces.push({ literal: raw.subarray(at, from), field });
      at = to;
    }
    if (!seen.has('timestamp') || !seen.has('payload')) return null;
    pieces.push({ literal: raw.subarray(at), field: 'end' });
    const template = new MediaTemplate(
      pieces.map((piece) => ({ ...piece, literal: Uint8Array.from(piece.literal) })),
    );
    return template.match(raw) && template.#agreesWith(text) ? template : null;
  }

  /** Whether the whole message fits; then the fields are set. */
  match(raw: Uint8Array): boolean {
    let at = 0;
    for (const piece of this.#pieces) {
      const { literal } = piece;
      for (let i = 0; i < literal.length; i++) if (raw[at + i] !== literal[i]) return false;
      at += literal.length;
      if (piece.field === 'end') return at === raw.length;
      const end =
        piece.field === 'payload'
          ? raw.indexOf(QUOTE, at)
          : this.#digits(raw, at, piece.field === 'timestamp');
      if (end < 0) return false;
      if (piece.field === 'payload') {
        this.payload.from = at;
        this.payload.to = end;
      }
      at = end;
    }
    return false;
  }

  /** Where the digits from `at` on end; -1 where there is none, or more than a counter can have. */
  #digits(raw: Uint8Array, at: number, isTimestamp: boolean): number {
    let end = at;
    let value = 0;
    for (let code = raw[end]!; code >= ZERO && code <= NINE; code = raw[++end]!)
      value = value * 10 + (code - ZERO);
    if (end === at || end - at > 15) return -1;
    if (isTimestamp) this.timestampMs = value;
    return end;
  }

  #agreesWith(text: string): boolean {
    const message = parseJson(text);
    const media = isJsonObject(message) ? message.media : undefined;
    if (!isJsonObject(media)) return false;
    return (
      Number(media.timestamp) === this.timestampMs &&
      media.payload === text.slice(this.payload.from, this.payload.to)
    );
  }
}
