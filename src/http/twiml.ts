/** TwiML documents, as Twilio's voice webhooks are answered with. Every text is escaped. */

export interface StreamOrder {
  /** `wss://…` without a query string: Twilio takes none. */
  readonly url: string;
  /** Custom parameters of the stream's start message; name and value under 500 characters together. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What Twilio asks for when our side closed the stream. */
  readonly actionUrl: string;
  readonly statusCallbackUrl?: string;
}

/** Connects the call to a media stream in both directions. */
export function connectStream(order: StreamOrder): string {
  const parameters = Object.entries(order.parameters).map(([name, value]) =>
    element('Parameter', { name, value }),
  );
  const stream = element(
    'Stream',
    { url: order.url, statusCallback: order.statusCallbackUrl },
    parameters.join(''),
  );
  return response(element('Connect', { action: order.actionUrl }, stream));
}

/** Speaks one text and ends the call. */
export function sayAndHangUp(text: string, language = 'en-US'): string {
  return response(element('Say', { language }, escapeXml(text)) + element('Hangup', {}));
}

export interface DialTarget {
  /** E.164. */
  readonly to: string;
  readonly callerId?: string;
  /** What Twilio asks for when the second leg has ended. */
  readonly actionUrl?: string;
  readonly timeoutSec?: number;
}

/** Hands the call on to another number. */
export function dial(target: DialTarget): string {
  const attributes = {
    callerId: target.callerId,
    action: target.actionUrl,
    timeout: target.timeoutSec?.toString(),
  };
  return response(element('Dial', attributes, element('Number', {}, escapeXml(target.to))));
}

/** Ends the call. */
export function hangup(): string {
  return response(element('Hangup', {}));
}

/** Does not answer the call; nobody pays for it. */
export function reject(reason: 'busy' | 'rejected'): string {
  return response(element('Reject', { reason }));
}

function response(content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${content}</Response>`;
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  content = '',
): string {
  let opening = name;
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) opening += ` ${attribute}="${escapeXml(value)}"`;
  }
  return content === '' ? `<${opening}/>` : `<${opening}>${content}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no way to write most control characters and lone surrogates, so they are left out. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
