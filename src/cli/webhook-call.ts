/** What the answer to a voice webhook asks the carrier to do. */
export type CarrierOrder =
  | { kind: 'stream'; url: string; parameters: Record<string, string>; actionUrl: string | null }
  | { kind: 'dial'; to: string }
  | { kind: 'say'; text: string }
  | { kind: 'hangup' }
  | { kind: 'reject'; reason: string };

export interface WebhookRequest {
  url: string;
  form: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
}

/** The carrier waits no longer for an answer. */
const ANSWER_MS = 15_000;

/** Posts a form as the carrier does and reads the TwiML. Throws Error with status and body of any other answer. */
export async function askWebhook(request: WebhookRequest): Promise<CarrierOrder> {
  const response = await fetch(request.url, {
    method: 'POST',
    body: new URLSearchParams(request.form),
    headers: request.headers,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`the webhook answered ${response.status}: ${body.slice(0, 300)}`);
  return readTwiml(body);
}

/** Reads the first verb of a TwiML document. Knows the verbs that this platform answers with. */
export function readTwiml(document: string): CarrierOrder {
  const verb = /<Response\b[^>]*>\s*<([A-Z]\w*)/.exec(document)?.[1];
  switch (verb) {
    case 'Connect':
      return readStream(document);
    case 'Dial': {
      const to = /<Dial\b[^>]*>(?:\s*<Number\b[^>]*>)?\s*([^<\s][^<]*)/.exec(document)?.[1];
      if (to === undefined) throw new Error('the TwiML dials nobody');
      return { kind: 'dial', to: unescapeXml(to.trim()) };
    }
    case 'Say':
      return { kind: 'say', text: unescapeXml(/<Say\b[^>]*>([^<]*)/.exec(document)?.[1] ?? '') };
    case 'Reject':
      return { kind: 'reject', reason: attributesOf(document, 'Reject')[0]?.reason ?? 'rejected' };
    case 'Hangup':
    case undefined:
      return { kind: 'hangup' };
    default:
      throw new Error(`the TwiML begins with <${verb}>, which this phone cannot do`);
  }
}

function readStream(document: string): CarrierOrder {
  const url = attributesOf(document, 'Stream')[0]?.url;
  if (url === undefined) throw new Error('the TwiML connects to no stream');
  const parameters: Record<string, string> = {};
  for (const { name, value } of attributesOf(document, 'Parameter')) {
    if (name !== undefined) parameters[name] = value ?? '';
  }
  return { kind: 'stream', url, parameters, actionUrl: attributesOf(document, 'Connect')[0]?.action ?? null };
}

function attributesOf(document: string, element: string): Record<string, string | undefined>[] {
  return [...document.matchAll(new RegExp(`<${element}\\b([^>]*)>`, 'g'))].map((match) =>
    Object.fromEntries(
      [...match[1]!.matchAll(/([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((attribute) => [
        attribute[1],
        unescapeXml(attribute[2] ?? attribute[3] ?? ''),
      ]),
    ),
  );
}

function unescapeXml(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&(?:apos|#39);/g, "'")
    .replace(/&amp;/g, '&');
}
