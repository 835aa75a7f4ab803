import { CommandError } from '#cli/terminal';

export interface TranscriptEntry {
  role: 'user' | 'assistant' | 'tool' | 'system';
  text: string;
  atMs: number;
  endMs: number;
  turnId: string | null;
  interrupted: boolean;
}

export interface TurnMetrics {
  turnId: string | null;
  voiceToVoiceMs: number;
  stages: {
    endpointMs: number;
    sttMs: number;
    llmFirstTokenMs: number;
    ttsFirstByteMs: number;
    playMs: number;
  };
}

/** A call as the Voicex dialect shows it, as far as the command line needs it. */
export interface StoredCall {
  _id: string;
  agentName: string;
  status: 'active' | 'completed' | 'failed';
  callSid: string | null;
  durationSec: number | null;
  endReason: string | null;
  recordingUrl: string | null;
  transcript: TranscriptEntry[];
  summary: string | null;
  metrics: {
    turns: TurnMetrics[];
    voiceToVoiceMs: { p50: number; p95: number } | null;
    interruptions: number;
  };
}

/** A running server, seen through its Voicex dialect with an API key. */
export class Platform {
  readonly url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.#key = key;
  }

  /** Address of the voice webhook that a number of this tenant would have. */
  webhookUrl(agentId: string | null): string {
    const url = new URL(`${this.url}/voicex/api/twilio/voice`);
    url.searchParams.set('api_key', this.#key);
    if (agentId !== null) url.searchParams.set('agentId', agentId);
    return url.href;
  }

  /** The id of the call with the carrier's id, once it is stored. */
  async findCall(callSid: string): Promise<string | null> {
    const calls = await this.#get<{ _id: string; callSid: string | null }[]>(
      '/voicex/api/dashboard/calls?limit=20',
    );
    return calls.find((call) => call.callSid === callSid)?._id ?? null;
  }

  /** A call with its transcript so far. */
  getCall(id: string): Promise<StoredCall> {
    return this.#get(`/voicex/api/dashboard/calls/${encodeURIComponent(id)}`);
  }

  /** The recording of a call, as WAV. */
  async getRecording(id: string): Promise<Uint8Array> {
    const response = await this.#request(`/voicex/api/dashboard/calls/${encodeURIComponent(id)}/recording`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async #get<T>(path: string): Promise<T> {
    const response = await this.#request(path);
    return (await response.json()) as T;
  }

  async #request(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.url + path, { headers: { 'x-api-key': this.#key } });
    } catch {
      throw new CommandError(`${this.url} cannot be reached.`);
    }
    if (response.status === 401) throw new CommandError('The server does not know this API key.');
    if (!response.ok) throw new CommandError(`${this.url}${path.split('?')[0]} answered ${response.status}.`);
    return response;
  }
}

/** Whether a server is there and ready for calls. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    return response.ok;
  } catch {
    return false;
  }
}
