/** A text with its variables filled in, and the names nobody gave a value for. */
export interface FilledText {
  text: string;
  /** Each unknown name once, in order of appearance. */
  unknown: string[];
}

const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

/**
 * Fills `{{name}}` from `values`; an unknown name becomes nothing and is reported. Names are looked up as written,
 * then without regard to case. Values are put in as they are: a `{{…}}` inside a value is not filled again.
 */
export function fillVariables(text: string, values: Readonly<Record<string, string>>): FilledText {
  const unknown = new Set<string>();
  const folded = new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));
  const filled = text.replace(PLACEHOLDER, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : folded.get(name.toLowerCase());
    if (value === undefined) unknown.add(name);
    return value ?? '';
  });
  return { text: filled, unknown: [...unknown] };
}
