/** What the answer to a request asks the carrier to do. */
export type CarrierOrder =
  | { kind: 'stream'; url: string; parameters: Record<string, string>; actionUrl: string | null }
  | { kind: 'dial'; to: string }
  | { kind: 'say'; text: string }
  | { kind: 'hangup' }
  | { kind: 'reject'; reason: string };

export interface StreamOrder {
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly callSid: string;
  readonly accountSid: string;
  /** X-Twilio-Signature of the handshake; null leaves it unsigned. */
  readonly signature: string | null;
}

/** The far end of a call whose media are connected. */
export interface FarLine {
  /** Says something and resolves when it has been said, or the line has gone. */
  say(text: string): Promise<void>;
  /** The tone after an answering machine's greeting. */
  beep(): Promise<void>;
  /**
   * Resolves when the agent has spoken, from now on, and then been silent for a while: true. False when it has not
   * begun within `withinMs`, or the line has gone.
   */
  hearsAgent(withinMs: number): Promise<boolean>;
  hangUp(): void;
  /** Resolves when the line has gone: whether the other side ended it. */
  readonly ended: Promise<{ byServer: boolean }>;
}

/** How the sandbox reaches the server, as a carrier would, and how its callees speak. */
export interface Telephone {
  /** Posts a form to one of the server's addresses and reads what it is to do. */
  ask(url: string, form: Readonly<Record<string, string>>, signature: string | null): Promise<CarrierOrder>;
  /** Posts a form and minds no answer. */
  tell(url: string, form: Readonly<Record<string, string>>, signature: string | null): Promise<void>;
  connect(stream: StreamOrder): Promise<FarLine>;
}
