import type { DateTime } from 'luxon';
import type { Briefing } from './prompt.ts';
import type { ToolKit } from './tool-kit.ts';

/** What a conversation is read against: the prompt, the tools, and the moment. */
export interface World {
  briefing: Briefing;
  kit: ToolKit;
  now: DateTime;
}
