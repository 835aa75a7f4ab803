import { askWebhook } from '#cli/webhook-call';

/** A token that opens one stream, got as the carrier gets it. */
export async function streamToken(origin: string, key: string): Promise<string> {
  const url = `${origin}/voicex/api/twilio/voice?api_key=${encodeURIComponent(key)}`;
  const form = { CallSid: 'CA1', From: '+14155550134', To: '+14155550100' };
  const order = await askWebhook({ url, form });
  if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
  return order.parameters.token!;
}

/** A token that opens one call of the talk page. */
export async function talkToken(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/talk/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  return ((await answer.json()) as { token: string }).token;
}
