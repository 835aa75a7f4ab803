/** Token ids with a meaning of their own in Moonshine's vocabulary. */
export const START_TOKEN = 1;
export const END_TOKEN = 2;

const BYTE_TOKEN = /^<0x([0-9A-F]{2})>$/;
const decoder = new TextDecoder();

/** Turns token ids into text: pieces joined, `▁` as a space, byte tokens as UTF-8, specials left out. */
export class TokenTable {
  readonly #pieces: readonly string[];

  /** `pieces` by token id; ids outside it are specials. */
  constructor(pieces: readonly string[]) {
    this.#pieces = pieces;
  }

  text(ids: readonly number[]): string {
    let out = '';
    let bytes: number[] = [];
    for (const id of ids) {
      const piece = id > END_TOKEN ? this.#pieces[id] : undefined;
      if (piece === undefined) continue;
      const byte = BYTE_TOKEN.exec(piece);
      if (byte) {
        bytes.push(Number.parseInt(byte[1]!, 16));
        continue;
      }
      if (bytes.length > 0) out += decoder.decode(Uint8Array.from(bytes));
      bytes = [];
      out += piece;
    }
    if (bytes.length > 0) out += decoder.decode(Uint8Array.from(bytes));
    return out.replaceAll('▁', ' ').trim();
  }
}
