import type { Tool } from '#engine/ports';
import type { JsonObject } from '#kernel/json';
import { type Passage, passageIndex } from '#kernel/passage-index';

const PASSAGE_CHARS = 500;
const MAX_HITS = 3;
/** Below this share of the question's words a passage is about something else. */
const MIN_COVERAGE = 0.3;

/** Search over a text that is too long for the prompt; answers with the best passages, in their own words. */
export function knowledgeTool(text: string): Tool {
  const passages = splitPassages(text);
  const index = passageIndex(passages);
  return {
    spec: {
      name: 'search_knowledge',
      description:
        'Searches what the business has written down about itself. Use it before saying that you do not know.',
      parameters: {
        type: 'object',
        properties: { query: { type: 'string', description: 'The question, in a few words.' } },
        required: ['query'],
      },
    },
    whenInterrupted: 'abort',
    timeoutMs: 2_000,
    async run(args) {
      const hits = index
        .search(String(args.query ?? ''), MAX_HITS)
        .filter((hit) => hit.coverage >= MIN_COVERAGE);
      const found = hits.map(({ at }): JsonObject => {
        const { text: words, heading } = passages[at]!;
        return heading === undefined ? { text: words } : { heading, text: words };
      });
      return { ok: true, result: { passages: found } };
    },
  };
}

/** Cuts a text at headings and blank lines, long paragraphs at sentence ends; a heading stays with its passages. */
function splitPassages(text: string): Passage[] {
  const passages: Passage[] = [];
  let heading: string | undefined;
  for (const block of text.split(/\n\s*\n|\n(?=#)/)) {
    const lines = block.split('\n').map((line) => line.trim());
    const title = /^#+\s*(.+?)\s*:?$/.exec(lines[0] ?? '')?.[1];
    if (title !== undefined) heading = title;
    const body = lines
      .slice(title === undefined ? 0 : 1)
      .join(' ')
      .trim();
    for (const part of pieces(body))
      passages.push(heading === undefined ? { text: part } : { text: part, heading });
  }
  return passages;
}

function pieces(body: string): string[] {
  const parts: string[] = [];
  for (const sentence of body.split(/(?<=[.!?])\s+/)) {
    const last = parts.at(-1);
    if (last !== undefined && last.length + sentence.length < PASSAGE_CHARS)
      parts[parts.length - 1] = `${last} ${sentence}`;
    else if (sentence !== '') parts.push(sentence.slice(0, PASSAGE_CHARS * 2));
  }
  return parts;
}
