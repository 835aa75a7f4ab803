import { createHmac } from 'node:crypto';

export interface SignedMessage {
  readonly id: string;
  readonly atMs: number;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, keyed by the bytes
 * that follow `whsec_` in base64, or by a text that has no such prefix.
 */
export function webhookHeaders(secret: string, { id, atMs, body }: SignedMessage): Record<string, string> {
  const key = secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : secret;
  const timestamp = String(Math.floor(atMs / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

const PREFIX = 'whsec_';
