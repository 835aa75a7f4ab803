import type { SampleRate } from '#audio/frame';
import { resample } from '#audio/resample';
import type { Heard, HearOptions, MoonshineModel } from './moonshine-model.ts';
import { padded, paddings, type Span, speechEdges } from './stt-window.ts';

/** One stretch of a line's audio to be read. */
export interface Utterance {
  samples: Int16Array;
  rateHz: SampleRate;
  /** Where speech begins and ends, by the voice detector. */
  speech: Span;
  /** True while the caller still speaks: speech runs on to the last sample. */
  open: boolean;
}

export interface TranscribeOptions extends HearOptions {
  /** Others wait: the first reading that has words must do. */
  hurried?: boolean;
}

const MODEL_RATE_HZ = 16_000;
/** From here on a first reading needs no second. */
const SURE = 0.7;
/** One or two words that are less sure than this are more often wrong than right. */
const DOUBTFUL = 0.5;
const FEW_WORDS = 2;
const NOTHING: Heard = { text: '', tokens: [], confidence: 0, stopped: false };

/**
 * Reads an utterance: trims it to the speech, lays silence around it, and where a reading is empty, unsure or of a
 * short word, reads it again with other silence and keeps the surer one. One or two doubtful words become no words.
 */
export async function transcribe(
  model: Pick<MoonshineModel, 'hear'>,
  utterance: Utterance,
  options: TranscribeOptions,
): Promise<Heard> {
  const { samples, rateHz } = utterance;
  const edges = speechEdges(samples, rateHz, utterance.speech);
  const speech = utterance.open ? { from: edges.from, to: samples.length } : edges;
  const plans = paddings((speech.to - speech.from) / rateHz);
  let best = NOTHING;
  for (const [turn, padding] of plans.entries()) {
    const window = padded(samples, speech, {
      before: Math.round(padding.lead * rateHz),
      after: utterance.open ? 0 : Math.round(padding.tail * rateHz),
    });
    const heard = await model.hear(toFloat(resample(window, rateHz, MODEL_RATE_HZ)), options);
    if (heard.stopped) return best.text === '' ? heard : { ...best, stopped: true };
    if (heard.text !== '' && (best.text === '' || heard.confidence > best.confidence)) best = heard;
    if (utterance.open || isEnough(best, turn, plans.length)) break;
    if (options.hurried && best.text !== '') break;
  }
  return best.confidence < DOUBTFUL && wordsIn(best.text) <= FEW_WORDS ? { ...best, text: '' } : best;
}

/** Of three plans (short speech) two are always read; of two (long speech) the second only in need. */
function isEnough(best: Heard, turn: number, planned: number): boolean {
  const wanted = planned > 2 ? 1 : 0;
  return turn >= wanted && best.text !== '' && best.confidence >= SURE;
}

function wordsIn(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

function toFloat(samples: Int16Array): Float32Array {
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = samples[i]! / 32768;
  return out;
}
