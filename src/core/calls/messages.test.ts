import { expect, test } from 'vitest';
import type { LogEntry } from './log-entry.ts';
import { messagesOf } from './messages.ts';

const phone = { type: 'phone', from: '+15559876543' } as const;
let seq = 0;

function used(args: object, outcome: boolean | null = true, name = 'take_message'): LogEntry[] {
  const toolCallId = `call ${seq}`;
  const called = { seq: seq++, atMs: 1_000 * seq, type: 'tool.called', toolCallId, name, arguments: args };
  const returned = {
    seq: seq++,
    atMs: 1_000 * seq,
    type: 'tool.returned',
    toolCallId,
    name,
    ok: outcome,
    result: null,
    tookMs: 1,
  };
  return (outcome === null ? [called] : [called, returned]) as LogEntry[];
}

test('messages are those that were taken, in order, with where to call back', () => {
  const log = [
    ...used({ message: 'Call me back.', name: 'Jo Doe' }),
    ...used({ message: 'Not kept.', name: 'Jo Doe' }, false),
    ...used({ message: 'The call ended first.', name: 'Jo Doe' }, null),
    ...used({ message: 'Something else.', name: 'Jo Doe' }, true, 'transfer_call'),
    ...used({ message: 'And my sister too.', name: 'Jo Doe', phone: '+15551112222' }),
  ];
  expect(messagesOf(log, phone)).toEqual([
    { text: 'Call me back.', name: 'Jo Doe', phone: '+15559876543', atMs: log[0]!.atMs },
    { text: 'And my sister too.', name: 'Jo Doe', phone: '+15551112222', atMs: log.at(-2)!.atMs },
  ]);
});

test('a caller on a web page has no number but the one given', () => {
  const [message] = messagesOf(used({ message: 'Hello.' }), { type: 'web', from: 'web' });
  expect(message).toMatchObject({ name: null, phone: null });
});
