const ABBREVIATIONS =
  /\b(?:Dr|Mr|Mrs|Ms|St|Ave|Rd|Blvd|Prof|No|Inc|Ltd|Co|Corp|vs|approx|e\.g|i\.e|a\.m|p\.m|Jr|Sr|Apt|Ste|Mt|Ft)\.$/i;

/** Sentences of a line; a dot after an abbreviation ("Dr. Lee", "9 a.m. to 5 p.m.") ends none. */
export function sentencesOf(line: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const piece of line.split(/(?<=[.!?]["”']?)\s+(?=[\p{Lu}\d"“$])/u)) {
    open = open === '' ? piece : `${open} ${piece}`;
    if (ABBREVIATIONS.test(open)) continue;
    sentences.push(open.trim());
    open = '';
  }
  if (open !== '') sentences.push(open.trim());
  return sentences
    .flatMap((sentence) => sentence.split(/;\s+/))
    .filter((sentence) => /[\p{L}\d]/u.test(sentence));
}

/** A line without its markup: bullets, emphasis, links, code ticks. */
export function plain(line: string): string {
  return line
    .trim()
    .replace(/^#+\s*/, '')
    .replace(/^(?:[-*•–]|\d{1,2}[.)])\s+/, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*|__|`/g, '')
    .trim();
}

/** The heading that a line is, without its colon; null for a line that says something itself. */
export function headingOf(raw: string, line: string): string | null {
  if (/^\s*#/.test(raw)) return line.replace(/:$/, '').trim();
  if (/^[^.!?:]{2,50}:$/.test(line)) return line.slice(0, -1).trim();
  if (/^\*\*[^*]+\*\*:?$/.test(raw.trim())) return line.replace(/:$/, '');
  return /^[A-Z][A-Z &/]{3,40}$/.test(line) ? line.toLowerCase() : null;
}

/** "Parking: behind the house" in its two halves; null where the colon is none of this kind. */
export function keyValue(text: string): { key: string; value: string } | null {
  const [, key, value] = /^([\p{L}][^:.!?\d]{1,40}?)\s*(?::|\s[–-])\s+(\S.*)$/u.exec(text) ?? [];
  if (key === undefined || value === undefined || key.split(' ').length > 5) return null;
  return { key: key.trim(), value: value.trim() };
}

const DAY_KEY = /^(?:mon|tue|wed|thu|fri|sat|sun|week|holiday|every ?day|daily|lunch)/i;

/** A fact as a person would say it: "Address: 12 Elm Street" becomes "The address is 12 Elm Street." */
export function spokenFact(text: string, heading?: string): string {
  const pair = keyValue(text);
  if (!pair) return closed(text);
  const { key, value } = pair;
  const says = value.toLowerCase();
  if (says.includes(key.toLowerCase()) || /^(?:we|you|there|please|yes|no|it|they|all|every)\b/.test(says))
    return closed(value);
  if (DAY_KEY.test(key)) return closed(dayFact(key, value, heading));
  if (/^[\p{Ll}\d$€£(]/u.test(value) === false && /[.!?]\s+\S/.test(value)) return closed(`${key}: ${value}`);
  const name = key.replace(/^(?:the|our)\s+/i, '');
  const lower = /^\p{Lu}\p{Ll}/u.test(name) ? name[0]!.toLowerCase() + name.slice(1) : name;
  if (/\b(?:hours|times|prices|fees|rates|methods|days|options|dentists|doctors|services)$/i.test(name))
    return closed(`Our ${lower} are ${value}`);
  if (/\b(?:address|phone|number|website|e-?mail|location|price|fee|policy|name|wi-?fi|owner)\b/i.test(name))
    return closed(`The ${lower} is ${value}`);
  if (/^(?:from |about |only )?[$€£]?\s?\d/.test(value)) return closed(`${name} is ${value}`);
  return closed(`${name}: ${value}`);
}

function dayFact(key: string, value: string, heading: string | undefined): string {
  if (/^closed$/i.test(value.replace(/[.]$/, ''))) return `Closed on ${key}`;
  return heading !== undefined && /\bhours\b|\bopen/i.test(heading)
    ? `We are open ${key}, ${value}`
    : `${key}, ${value}`;
}

const closed = (text: string): string => {
  const trimmed = text.trim().replace(/[,;:]$/, '');
  const first = trimmed[0] ?? '';
  return (first.toUpperCase() + trimmed.slice(1)).replace(/(?<![.!?])$/, '.');
};
