import type { Call, LeftMessage } from '#core/calls/call';
import type { LogEntry } from '#core/calls/log-entry';

/** The built-in tool that takes messages. */
const TOOL = 'take_message';

/** What the caller left for the business, in order: messages that the agent took and promised to pass on. */
export function messagesOf(log: readonly LogEntry[], call: Pick<Call, 'from' | 'type'>): LeftMessage[] {
  const taken = new Set(
    log.flatMap((entry) => (entry.type === 'tool.returned' && entry.ok ? [entry.toolCallId] : [])),
  );
  const callersNumber = call.type === 'phone' && call.from !== '' ? call.from : null;
  return log.flatMap((entry): LeftMessage[] => {
    if (entry.type !== 'tool.called' || entry.name !== TOOL || !taken.has(entry.toolCallId)) return [];
    const { message, name, phone } = entry.arguments;
    return [
      {
        text: String(message ?? ''),
        name: typeof name === 'string' ? name : null,
        phone: typeof phone === 'string' && phone !== '' ? phone : callersNumber,
        atMs: entry.atMs,
      },
    ];
  });
}
