import { createHmac } from 'node:crypto';
import { encryptionKeys } from '#adapters/secrets/aes-secrets';
import { generatedSecret, secretFile } from '#adapters/secrets/generated-secret';
import type { Config } from '#src/config';

/** The platform's own secrets, and the name of this node. */
export interface Keys {
  encryption: string[];
  jwt: string;
  stripeWebhook: string;
  admin: string;
  adminKeyFile: string | null;
  nodeId: string;
}

/** What the environment gives, else what was generated into the data folder. */
export async function secretsOf(config: Config): Promise<Keys> {
  const { dataDir, secrets } = config;
  return {
    encryption: await encryptionKeys(dataDir, secrets.encryptionKey),
    jwt: secrets.jwtSecret ?? (await generatedSecret(dataDir, 'jwt-secret')),
    stripeWebhook: secrets.stripeWebhookSecret ?? (await generatedSecret(dataDir, 'stripe-webhook-secret')),
    admin: secrets.adminApiKey ?? (await generatedSecret(dataDir, 'admin-api-key')),
    adminKeyFile: secrets.adminApiKey === null ? secretFile(dataDir, 'admin-api-key') : null,
    nodeId: await generatedSecret(dataDir, 'node-id'),
  };
}

/** Each tenant's own secret for signatures, derived, so that it needs no storing. */
export function signingSecretOf({ encryption }: Keys, tenantId: string): string {
  return `whsec_${createHmac('sha256', encryption[0]!).update(`webhooks ${tenantId}`).digest('base64')}`;
}
