import { call } from '#cli/call';
import { doctor } from '#cli/doctor';
import { CommandError } from '#cli/terminal';

const HELP = `Usage: npx patchbay <command> [options]

Commands:
  call      call an assistant as a telephone does; alone, it is the demo
  doctor    look whether this machine can run Patchbay

npx patchbay <command> --help tells the options of a command. The server itself is started with npm start.`;

/** Runs a command with its arguments; the answer is the exit code. */
type Command = (args: string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { call, doctor };

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(HELP);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS[name];
  if (!command) throw new CommandError(`There is no command "${name}".\n\n${HELP}`, 2);
  return command(args);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
