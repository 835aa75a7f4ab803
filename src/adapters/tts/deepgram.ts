import type { TextToSpeech } from '#engine/ports';
import { httpSpeech } from '../stream/http-speech.ts';
import type { SpeechAccess } from '../stream/speech-access.ts';

/** Deepgram Aura over `POST /v1/speak`, raw in the line's own format. Source: Deepgram API reference, text-to-speech. */
export function deepgramSpeech(access: SpeechAccess): TextToSpeech {
  const baseUrl = access.baseUrl ?? 'https://api.deepgram.com';
  return httpSpeech({
    name: 'deepgram/aura',
    stallMs: access.stallMs,
    reach: access.reach,
    request(text, options) {
      const phone = options.rateHz === 8000;
      const query = new URLSearchParams({
        model: options.voice,
        encoding: phone ? 'mulaw' : 'linear16',
        sample_rate: phone ? '8000' : '24000',
        container: 'none',
      });
      return {
        url: `${baseUrl}/v1/speak?${query}`,
        headers: { authorization: `Token ${access.apiKey}` },
        body: { text },
        encoding: phone ? 'mulaw' : 'pcm16',
        rateHz: phone ? 8000 : 24000,
      };
    },
  });
}
