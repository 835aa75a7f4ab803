import type { TextToSpeech } from '#engine/ports';
import { httpSpeech } from '../stream/http-speech.ts';
import type { SpeechAccess } from '../stream/speech-access.ts';

const API_VERSION = '2024-11-13';

/** Cartesia Sonic over `POST /tts/bytes`, raw in the line's own format. Source: Cartesia API reference, tts/bytes. */
export function cartesiaSpeech(access: SpeechAccess): TextToSpeech {
  const baseUrl = access.baseUrl ?? 'https://api.cartesia.ai';
  return httpSpeech({
    name: `cartesia/${access.model ?? 'sonic-2'}`,
    stallMs: access.stallMs,
    reach: access.reach,
    request(text, options) {
      const phone = options.rateHz === 8000;
      return {
        url: `${baseUrl}/tts/bytes`,
        headers: { 'x-api-key': access.apiKey, 'cartesia-version': API_VERSION },
        body: {
          model_id: access.model ?? 'sonic-2',
          transcript: text,
          voice: { mode: 'id', id: options.voice },
          language: options.language.slice(0, 2),
          output_format: {
            container: 'raw',
            encoding: phone ? 'pcm_mulaw' : 'pcm_s16le',
            sample_rate: phone ? 8000 : 24000,
          },
        },
        encoding: phone ? 'mulaw' : 'pcm16',
        rateHz: phone ? 8000 : 24000,
      };
    },
  });
}
