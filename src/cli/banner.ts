import type { Config } from '#src/config';

/** Which adapter a port runs on, and why that one. */
export interface PortChoice {
  port: string;
  adapter: string;
  why: string;
}

export interface StartFacts {
  version: string;
  choices: readonly PortChoice[];
  /** Where the operator's key is kept; null when it was given by the environment. */
  adminKeyFile: string | null;
  firstStart: boolean;
}

/** What `npm start` ends with: addresses, what each port runs on and why, and what to try next. */
export function banner(config: Config, facts: StartFacts, tookMs: number): string {
  const url = config.publicUrl;
  const width = Math.max(...facts.choices.map((choice) => choice.port.length));
  const adapterWidth = Math.max(...facts.choices.map((choice) => choice.adapter.length));
  const choices = facts.choices.map(
    ({ port, adapter, why }) => `    ${port.padEnd(width)}  ${adapter.padEnd(adapterWidth)}  ${why}`,
  );
  const adminKey = facts.adminKeyFile ? `key in ${facts.adminKeyFile}` : 'key from ADMIN_API_KEY';
  return [
    '',
    `  Patchbay ${facts.version} is ready after ${(tookMs / 1000).toFixed(1)} s`,
    '',
    `    Talk to it     ${url}/talk`,
    `    Voicex API     ${url}/voicex/api    reference ${url}/voicex/docs`,
    `    veevo API      ${url}/veevo/api     reference ${url}/veevo/docs`,
    `    Operator       ${url}/admin    ${adminKey}`,
    `    Health         ${url}/readyz    ${url}/metrics`,
    '',
    '  What it runs on',
    ...choices,
    '',
    `  Next: open ${url}/talk, or run \`npx patchbay call\` in another terminal.`,
    '',
  ].join('\n');
}
