import { BARGE_IN, type TurnRules } from '#engine/turn-policy';

/** Rules of a call in tests of the turn machine: a turn that sounds finished is over after 300 ms. */
export const RULES: TurnRules = {
  language: 'en-US',
  endpointingMs: 300,
  silenceTimeoutMs: 700,
  idleMs: 10_000,
  maxCallDurationMs: 600_000,
  bargeIn: BARGE_IN.medium,
  phrases: {
    filler: 'One moment.',
    reprompt: 'Again?',
    idle: ['Still there?', 'Hello?'],
    idleGoodbye: 'Bye.',
    timeLimit: 'Time is up.',
    trouble: 'Trouble.',
  },
  announcement: null,
  opening: { mode: 'caller' },
  voicemailMessage: null,
  transferOnFailureTo: null,
};
