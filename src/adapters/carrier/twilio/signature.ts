import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import type { CarrierSignatures, SignedRequest } from '#core/ports';

/**
 * Checks `X-Twilio-Signature`: HMAC-SHA1, under an account's auth token, over the address and the form's fields in
 * order of their names (Twilio, "Webhooks security"). With no token there is nothing to check against.
 */
export function twilioSignatures(platformToken: string | null): CarrierSignatures {
  return {
    verify(request, authToken = platformToken ?? undefined) {
      if (authToken === undefined) return true;
      const signature = request.headers['x-twilio-signature'];
      if (!signature) return false;
      return validateRequest(authToken, signature, request.url, fieldsOf(request));
    },
  };
}

/** Fields sent several times are signed with each of their values, so the parsed form is not enough. */
function fieldsOf(request: SignedRequest): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  const form = new URLSearchParams(Buffer.from(request.rawBody).toString('utf8'));
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name);
    fields[name] = values.length === 1 ? values[0]! : values;
  }
  return fields;
}
