import { invalid, objectField } from '#core/fields';
import type { SealedText, Secrets } from '#core/ports';
import type { ProviderType } from '#core/providers/catalogue';
import type { OpenedProvider } from '#core/providers/provider';
import type { ProviderId } from '#kernel/ids';
import { isJsonObject, parseJson } from '#kernel/json';

type Credentials = OpenedProvider['credentials'];

const context = (id: ProviderId) => `provider:${id}`;

/** Checks what a client sent against what the type asks for. Error messages name fields, never values. */
export function checkCredentials(type: ProviderType, given: unknown): Credentials {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(objectField(given, 'credentials', 32_000))) {
    if (typeof value !== 'string') throw invalid(`credentials.${name}`, `credentials.${name} must be text.`);
    if (/[\r\n\0]/.test(value.trim())) {
      throw invalid(`credentials.${name}`, `credentials.${name} must be a single line.`);
    }
    if (value.trim() !== '') checked[name] = value.trim();
  }
  const missing = type.credentials.find(({ name, required }) => required && checked[name] === undefined);
  if (missing) throw invalid(`credentials.${missing.name}`, `credentials.${missing.name} is missing.`);
  return checked;
}

/** Null where there is nothing to keep secret. */
export function sealCredentials(
  secrets: Secrets,
  id: ProviderId,
  credentials: Credentials,
): SealedText | null {
  if (Object.keys(credentials).length === 0) return null;
  return secrets.seal(JSON.stringify(credentials), context(id));
}

/** The credentials in the clear, for one call. Throws `internal` where they cannot be opened. */
export function openCredentials(secrets: Secrets, id: ProviderId, sealed: SealedText | null): Credentials {
  if (sealed === null) return {};
  const opened = parseJson(secrets.open(sealed, context(id)));
  return isJsonObject(opened) ? (opened as Record<string, string>) : {};
}
