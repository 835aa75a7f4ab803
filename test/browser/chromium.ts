import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that tests drive; null where none is installed. */
export const chromiumPath: string | null = PATHS.find((path) => existsSync(path)) ?? null;

/** Why browser tests are skipped, for their names. */
export const withoutChromium = chromiumPath === null ? ' (skipped: Chromium is not installed)' : '';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Devices {
  /** A microphone that beeps, or plays a WAV file over and over; none for a machine without one. */
  microphone: 'none' | 'beeps' | { file: string };
  /** What the visitor answers when asked for the microphone. */
  permission: 'granted' | 'refused';
  /** More of Chromium's flags. */
  flags?: readonly string[];
}

/** Starts Chromium with such devices. */
export function launchChromium({ microphone, permission, flags = [] }: Devices): Promise<Browser> {
  const args = [...QUIET, ...flags];
  if (permission === 'granted') args.push('--use-fake-ui-for-media-stream');
  if (microphone !== 'none') args.push('--use-fake-device-for-media-stream');
  if (typeof microphone === 'object') args.push(`--use-file-for-fake-audio-capture=${microphone.file}`);
  return chromium.launch({ executablePath: chromiumPath!, headless: true, args });
}
