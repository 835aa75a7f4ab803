import type { TextToSpeech } from '#engine/ports';
import { httpSpeech } from '../stream/http-speech.ts';
import type { SpeechAccess } from '../stream/speech-access.ts';

/**
 * OpenAI's speech endpoint, and any server that offers the same one (`POST /audio/speech`, `response_format: pcm`:
 * 24 kHz, 16-bit, no header). Source: OpenAI API reference, createSpeech.
 */
export function openaiSpeech(access: SpeechAccess): TextToSpeech {
  const baseUrl = access.baseUrl ?? 'https://api.openai.com/v1';
  return httpSpeech({
    name: `openai/${access.model ?? 'gpt-4o-mini-tts'}`,
    stallMs: access.stallMs,
    reach: access.reach,
    request: (text, options) => ({
      url: `${baseUrl}/audio/speech`,
      headers: { authorization: `Bearer ${access.apiKey}` },
      body: {
        model: access.model ?? 'gpt-4o-mini-tts',
        input: text,
        voice: options.voice,
        response_format: 'pcm',
        speed: options.speed,
      },
      encoding: 'pcm16',
      rateHz: 24000,
    }),
  });
}
