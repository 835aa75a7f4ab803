/** Audio may come this many times faster than real time, lastingly. */
const AUDIO_SPEED = 4;
/** And this much of it at once. */
const AUDIO_BURST_MS = 15_000;
/** Messages in a second, lastingly: eight times what a call has. */
const MESSAGES_PER_SEC = 400;
const MESSAGE_BURST = 1_600;
/** A message counts once for each of these bytes that it begins. */
const BYTES_PER_MESSAGE = 2_048;

/** Two leaky buckets that tell a call from a flood. Times are milliseconds of any one clock. */
export class FloodGate {
  #messages = 0;
  #audioMs = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Counts a message; false when there have been too many. */
  admitMessage(bytes: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    this.#messages = Math.max(0, this.#messages - (elapsedMs * MESSAGES_PER_SEC) / 1000);
    this.#audioMs = Math.max(0, this.#audioMs - elapsedMs * AUDIO_SPEED);
    this.#messages += 1 + Math.floor(bytes / BYTES_PER_MESSAGE);
    return this.#messages <= MESSAGE_BURST;
  }

  /** Counts the audio of the message just admitted; false when there has been too much. */
  admitAudio(audioMs: number): boolean {
    this.#audioMs += audioMs;
    return this.#audioMs <= AUDIO_BURST_MS;
  }
}
