import type { TransferDestination } from '#core/assistants/assistant';
import type { Tool, ToolOutcome } from '#engine/ports';

const INSTANT_MS = 1_000;

/** `end_call`: hangs up once what is being said has been said. */
export const endCallTool: Tool = {
  spec: {
    name: 'end_call',
    description: 'Ends the call. Say goodbye first; use it only when the caller is done.',
    parameters: { type: 'object', properties: {} },
  },
  whenInterrupted: 'abort',
  timeoutMs: INSTANT_MS,
  run: async () => ({ ok: true, result: { ending: true }, effect: { type: 'endCall' } }),
};

/** `transfer_call`: hands the caller to one of the destinations, by the name the tenant gave it. */
export function transferTool(destinations: readonly TransferDestination[]): Tool {
  const known = destinations.map(({ name, description }) =>
    description === '' ? name : `${name} (${description})`,
  );
  return {
    spec: {
      name: 'transfer_call',
      description: `Puts the caller through to a person. Destinations: ${known.join('; ')}.`,
      parameters: {
        type: 'object',
        properties: { destination: { type: 'string', enum: destinations.map(({ name }) => name) } },
        required: ['destination'],
      },
    },
    whenInterrupted: 'finish',
    timeoutMs: INSTANT_MS,
    async run(args): Promise<ToolOutcome> {
      const chosen = destinations.find(({ name }) => name === args.destination);
      if (!chosen) return { ok: false, result: { error: 'There is no such destination.' } };
      return { ok: true, result: { transferring: chosen.name }, effect: { type: 'transfer', to: chosen.to } };
    },
  };
}

/** `press_keys`: plays DTMF to the far end, for the menus an outbound call meets. */
export const pressKeysTool: Tool = {
  spec: {
    name: 'press_keys',
    description: 'Presses keys on the phone, to get through the menu of an automated line.',
    parameters: {
      type: 'object',
      properties: { keys: { type: 'string', description: 'Digits, * and #.', pattern: '^[0-9*#]{1,32}$' } },
      required: ['keys'],
    },
  },
  whenInterrupted: 'finish',
  timeoutMs: INSTANT_MS,
  async run(args): Promise<ToolOutcome> {
    const digits = String(args.keys ?? '');
    if (!/^[0-9*#]{1,32}$/.test(digits))
      return { ok: false, result: { error: 'Only digits, * and # can be pressed.' } };
    return { ok: true, result: { pressing: digits }, effect: { type: 'sendDigits', digits } };
  },
};

/** `collect_digits`: waits for the caller to type a number on the phone's keys; `#` ends it early. */
export const collectDigitsTool: Tool = {
  spec: {
    name: 'collect_digits',
    description: 'Lets the caller type a number on the keypad, such as an account number. Ask for it first.',
    parameters: {
      type: 'object',
      properties: { max_digits: { type: 'integer', minimum: 1, maximum: 32 } },
      required: ['max_digits'],
    },
  },
  whenInterrupted: 'finish',
  timeoutMs: INSTANT_MS,
  async run(args): Promise<ToolOutcome> {
    const maxDigits = Math.min(32, Math.max(1, Math.trunc(Number(args.max_digits)) || 1));
    const effect = { type: 'collectDigits', maxDigits, finishOn: '#', timeoutMs: 10_000 } as const;
    return { ok: true, result: { waitingForDigits: maxDigits }, effect };
  },
};
