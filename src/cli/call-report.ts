import type { TurnResult } from '#cli/conversation';
import type { StoredCall } from '#cli/platform';
import type { Terminal } from '#cli/terminal';
import { showEntry } from '#cli/transcript-watch';

const LABEL_CHARS = 48;

/** What is left of a call: the stored transcript, and its latencies as the phone and as the server measured them. */
export function showCall(
  screen: Terminal,
  call: { stored: StoredCall | null; results: readonly TurnResult[] },
): void {
  const { stored, results } = call;
  if (stored) showStored(screen, stored);
  else screen.line(screen.style('red', '\n  The server has not stored this call.'));
  if (results.length > 0) showMeasured(screen, results);
  if (stored && stored.metrics.turns.length > 0) showStages(screen, stored);
  screen.line();
}

function showStored(screen: Terminal, stored: StoredCall): void {
  screen.line(`\n  ${screen.style('bold', 'Stored transcript')} (${stored._id}, ${stored.agentName})`);
  for (const entry of stored.transcript) screen.line(showEntry(screen, entry));
  if (stored.summary !== null) screen.line(`\n  Summary: ${stored.summary}`);
}

/** From the audio alone: what a caller with a stop watch would find. */
function showMeasured(screen: Terminal, results: readonly TurnResult[]): void {
  screen.line(`\n  ${screen.style('bold', 'Measured at the phone')}`);
  screen.table(
    ['turn', 'voice to voice', 'agent stops'],
    results.map((turn) => [shorten(turn.label), showMs(turn.voiceToVoiceMs), showMs(turn.bargeInMs)]),
  );
}

function showStages(screen: Terminal, stored: StoredCall): void {
  const { turns, voiceToVoiceMs } = stored.metrics;
  screen.line(`\n  ${screen.style('bold', 'Measured by the server')}`);
  const rows = turns.map(({ turnId, voiceToVoiceMs: total, stages }) => [
    shorten(stored.transcript.find((entry) => entry.turnId === turnId && entry.role === 'user')?.text ?? ''),
    showMs(total),
    showMs(stages.endpointMs),
    showMs(stages.sttMs),
    showMs(stages.llmFirstTokenMs),
    showMs(stages.ttsFirstByteMs),
    showMs(stages.playMs),
  ]);
  screen.table(['turn', 'voice to voice', 'endpoint', 'stt', 'llm', 'tts', 'play'], rows);
  if (voiceToVoiceMs) {
    screen.line(`  median ${showMs(voiceToVoiceMs.p50)}, 95th percentile ${showMs(voiceToVoiceMs.p95)}`);
  }
}

function showMs(ms: number | null): string {
  return ms === null ? '–' : `${Math.round(ms)} ms`;
}

function shorten(text: string): string {
  return text.length <= LABEL_CHARS ? text : `${text.slice(0, LABEL_CHARS - 1)}…`;
}
