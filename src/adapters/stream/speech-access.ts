/** How a speech vendor is reached. */
export interface SpeechAccess {
  apiKey: string;
  /** The vendor's model where voice and model are two things; the vendor's own default when left out. */
  model?: string;
  /** Overrides the vendor's public address; without a slash at its end. `http` and `ws` URLs are taken too. */
  baseUrl?: string;
  /** Longest silence of the vendor before it counts as stalled; 5 s when left out. */
  stallMs?: number;
}
