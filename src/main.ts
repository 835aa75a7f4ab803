import pino from 'pino';
import { banner } from '#cli/banner';
import { compose, type Patchbay } from './compose.ts';
import { type Config, ConfigError, readConfig } from './config.ts';

/** Logs as JSON; personal data stands under `pii` only, and is left out. */
function openLog(config: Config): pino.Logger {
  return pino({ level: config.logLevel, redact: { paths: ['pii', '*.pii'], remove: true } });
}

function readConfigOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`Patchbay cannot start with these settings:\n${error.message}`);
    process.exit(2);
  }
}

/** Drains on the first signal, leaves at once on the second. */
function stopOnSignals(patchbay: Patchbay, { drainMs }: Config, log: pino.Logger): void {
  let asked = false;
  const stop = (signal: NodeJS.Signals) => {
    if (asked) process.exit(1);
    asked = true;
    const live = patchbay.callsLive();
    if (live > 0)
      console.log(`${signal}: letting ${live} call${live === 1 ? '' : 's'} end, ${drainMs / 1000} s at most`);
    patchbay.stop(drainMs).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function main(): Promise<void> {
  const config = readConfigOrExit();
  const log = openLog(config);
  const startedMs = performance.now();
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  try {
    const patchbay = await compose(config, log, (text) => console.log(`  ${text}`));
    stopOnSignals(patchbay, config, log);
    await patchbay.listen();
    console.log(banner(config, patchbay.facts, performance.now() - startedMs));
  } catch (error) {
    log.debug({ err: error }, 'start failed');
    console.error(`\nPatchbay could not start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

await main();
