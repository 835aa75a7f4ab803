import type { Tool } from '#engine/ports';
import type { Json, JsonObject } from '#kernel/json';

export interface TransferDestination {
  /** What the model calls it: `sales`, `front_desk`. */
  name: string;
  /** The number or address given to the carrier. */
  to: string;
  /** When to hand a caller on to it. */
  description?: string;
}

/** Nothing here waits for anything outside: the engine does the waiting. */
const RUN_MS = 5_000;
const DIGITS = { most: 32, finishOn: '#', timeoutSec: 8, longestSec: 60 } as const;

/** Lets the model end the call: what it has said, and its farewell, are played first. */
export function endCallTool(): Tool {
  return tool({
    name: 'end_call',
    description: 'End the call, once the caller has what they need and has said goodbye.',
    properties: {
      farewell: { type: 'string', maxLength: 300, description: 'A last sentence, if none was said yet.' },
    },
    run: (args) => {
      const farewell = typeof args.farewell === 'string' ? args.farewell.trim() : '';
      return {
        result: { ending: true },
        effect: farewell ? { type: 'endCall', farewell } : { type: 'endCall' },
      };
    },
  });
}

/** Lets the model hand the caller to one of `destinations`, which must not be empty. */
export function transferTool(destinations: readonly TransferDestination[]): Tool {
  const list = destinations.map(({ name, description }) => (description ? `${name}: ${description}` : name));
  return tool({
    name: 'transfer_call',
    description: `Hand the caller to somebody else, after telling them so. Destinations: ${list.join('; ')}.`,
    properties: { destination: { type: 'string', enum: destinations.map(({ name }) => name) } },
    required: ['destination'],
    run: (args) => {
      const chosen = destinations.find(({ name }) => name === args.destination)!;
      return { result: { transferring: chosen.name }, effect: { type: 'transfer', to: chosen.to } };
    },
  });
}

/** Lets the model have the caller key in digits; they come back as the tool's result. */
export function collectDigitsTool(): Tool {
  return tool({
    name: 'collect_digits',
    description: 'Let the caller enter digits on the keypad. Ask for them in the same answer.',
    properties: {
      max_digits: { type: 'integer', minimum: 1, maximum: DIGITS.most },
      finish_on: { type: 'string', maxLength: 4, description: 'Keys that end the entry; # unless given.' },
      timeout_seconds: { type: 'number', minimum: 1, maximum: DIGITS.longestSec },
    },
    required: ['max_digits'],
    run: (args) => {
      const timeoutSec = typeof args.timeout_seconds === 'number' ? args.timeout_seconds : DIGITS.timeoutSec;
      const finishOn = typeof args.finish_on === 'string' ? args.finish_on : DIGITS.finishOn;
      const maxDigits = Number(args.max_digits);
      return {
        result: { waiting: true },
        effect: { type: 'collectDigits', maxDigits, finishOn, timeoutMs: timeoutSec * 1000 },
      };
    },
  });
}

/** Lets the model press keys for the far end, such as in another company's menu. */
export function sendDigitsTool(): Tool {
  return tool({
    name: 'send_digits',
    description: 'Press keys on the keypad for the other end of the line, such as to choose from a menu.',
    properties: {
      digits: { type: 'string', pattern: '^[0-9A-D*#w]{1,32}$', description: 'w waits half a second.' },
    },
    required: ['digits'],
    run: (args) => ({
      result: { sending: true },
      effect: { type: 'sendDigits', digits: String(args.digits) },
    }),
  });
}

interface BuiltIn {
  name: string;
  description: string;
  properties: JsonObject;
  required?: string[];
  run(args: JsonObject): { result: Json; effect: NonNullable<Awaited<ReturnType<Tool['run']>>['effect']> };
}

function tool({ name, description, properties, required = [], run }: BuiltIn): Tool {
  return {
    spec: {
      name,
      description,
      parameters: { type: 'object', properties, required, additionalProperties: false },
    },
    whenInterrupted: 'abort',
    timeoutMs: RUN_MS,
    run: async (args) => ({ ok: true, ...run(args) }),
  };
}
