import { invalid, objectField } from '#core/fields';

const MAX_VARIABLES = 100;

/** Values for `{{name}}`: texts, numbers and truth values by name, all kept as text. Throws `invalid`. */
export function variablesField(value: unknown, field: string): Record<string, string> {
  const given = Object.entries(objectField(value, field, 64_000));
  if (given.length > MAX_VARIABLES)
    throw invalid(field, `${field} must have at most ${MAX_VARIABLES} entries.`);
  const checked: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, content] of given) {
    if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(name)) {
      throw invalid(field, `${field} has a name that is no word: names have letters, digits, _, . and -.`);
    }
    if (!['string', 'number', 'boolean'].includes(typeof content)) {
      throw invalid(field, `${field}.${name} must be a text or a number.`);
    }
    checked[name] = String(content).slice(0, 5_000);
  }
  return { ...checked };
}
