import type { SpeechChunk, TextToSpeech, Voices } from '#engine/ports';
import type { Log } from '#kernel/log';
import { ENGLISH_TROUBLE, TROUBLES } from '#runtime/phrases';

const RATE_HZ = 16_000;

/**
 * The last words of a call whose every voice has failed, spoken now by `voice` and kept. An English voice speaks
 * English, whatever the call's language: better than hanging up without a word. Answers from the moment it is ready;
 * a voice that fails leaves such calls without words, and a note in the log.
 */
export function cannedTrouble(voice: TextToSpeech, log: Log): NonNullable<Voices['canned']> {
  let spoken: readonly SpeechChunk[] | undefined;
  speak(voice).then(
    (chunks) => {
      spoken = chunks;
    },
    (error: unknown) => log.error({ err: error }, 'last words could not be made in advance'),
  );
  return (text) => (TROUBLES.has(text) ? spoken : undefined);
}

async function speak(voice: TextToSpeech): Promise<SpeechChunk[]> {
  async function* words() {
    yield* ENGLISH_TROUBLE.split(/(?<=\.) /);
  }
  const options = { voice: '', speed: 1, language: 'en-US', rateHz: RATE_HZ } as const;
  const chunks: SpeechChunk[] = [];
  for await (const chunk of voice.speak(words(), options, new AbortController().signal)) chunks.push(chunk);
  return chunks;
}
