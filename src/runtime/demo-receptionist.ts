import type { AssistantDraft } from '#core/assistants/draft';

const PROMPT = `You are Anna, the receptionist of Bright Smile Dental, a dental practice in Springfield.
You answer the phone, tell callers what they want to know, book appointments and put callers through.
Always be brief, warm and honest. Never give medical advice. If you do not know something, offer to take a message.`;

const FACTS = `## Opening hours
- Monday to Friday: 9 AM to 5 PM
- Saturday and Sunday: closed

## Location
- Address: 12 Elm Street in Springfield, next to the public library.
- Parking: you can park for free behind the building.
- The entrance and the bathroom are wheelchair accessible.

## Prices
- Checkup: 80 dollars
- Cleaning: 95 dollars
- Whitening: 250 dollars
- Filling: from 150 dollars

## Dentists
- Doctor Lee and Doctor Patel see patients here.
- Children are welcome from the age of three.
- New patients are welcome, and no referral is needed.

## Payment
- We accept Delta Dental, MetLife and most other dental insurance plans.
- You can pay by card or in cash.

## Visits
- A checkup takes thirty minutes, a cleaning takes about forty five minutes.
- Please cancel or move an appointment at least 24 hours before.
- For a dental emergency, call us as early as you can and we will see you the same day.`;

/** The assistant of the demo tenant: a fictional dental practice, on the embedded providers. */
export const demoReceptionist: AssistantDraft = {
  name: 'Anna',
  persona: {
    systemPrompt: PROMPT,
    greeting: 'Hello, this is Anna at Bright Smile Dental. How can I help you?',
    personality: 'warm and brief',
    language: 'en-US',
    guardrails: 'Do not give medical advice. Do not promise what the facts do not say.',
  },
  ttsModelId: 'rms',
  knowledge: FACTS,
  tools: {
    calendar: true,
    messages: true,
    transfers: [
      {
        name: 'front desk',
        to: '+14155550100',
        description: 'a person, for anything the assistant cannot do',
      },
    ],
  },
  recording: { enabled: true, announce: false },
};

/** One thing that the caller of the demo says. */
export interface DemoCallerLine {
  readonly text: string;
  /** Spoken over the agent, that long into its answer to the line before; null waits for it to finish. */
  readonly interruptAfterMs: number | null;
}

/**
 * A demo call with `demoReceptionist`: opening hours, an interruption, a booking slot by slot, goodbye. The words were
 * chosen by trying them: synthesized, through the phone band and recognised again they keep their meaning. They fit
 * whatever times happen to be free.
 */
export const demoCallerLines: readonly DemoCallerLine[] = [
  { text: 'What time do you open on Monday?', interruptAfterMs: null },
  { text: 'Wait, where are you located?', interruptAfterMs: 900 },
  { text: 'I want to book a cleaning for next Tuesday.', interruptAfterMs: null },
  { text: 'The first one please.', interruptAfterMs: null },
  { text: 'My name is Peter Miller.', interruptAfterMs: null },
  { text: 'My number is four one five, five five five, one two one two.', interruptAfterMs: null },
  { text: 'That is correct.', interruptAfterMs: null },
  { text: 'No thank you goodbye.', interruptAfterMs: null },
];
