import { DomainError } from '#kernel/errors';

interface StartupErrorOptions {
  /** What the operator can do about it, in whole sentences. */
  advice: string;
  cause?: unknown;
}

/** An error of starting the database whose message tells the operator what to do; clients learn nothing from it. */
export function startupError(problem: string, options: StartupErrorOptions): DomainError {
  return new DomainError('unavailable', 'The database is not available.', {
    internal: `${problem}. ${options.advice}`,
    cause: options.cause,
  });
}

const ELSEWHERE = 'Point DATA_DIR somewhere else, or set DATABASE_URL to use a PostgreSQL of your own.';

/** What the operating system or PostgreSQL says, what it means for the operator, and what to do. */
const KNOWN: readonly { says: RegExp; problem: string; advice: string }[] = [
  {
    says: /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/i,
    problem: 'the disk is full',
    advice: `Free some space (a new database takes about 60 MB) and start again. ${ELSEWHERE}`,
  },
  {
    says: /Read-only file system|EROFS/i,
    problem: 'the data folder lies on a read-only file system',
    advice: ELSEWHERE,
  },
  {
    says: /ENOTDIR|EEXIST|Not a directory/i,
    problem: 'the data folder is not a folder',
    advice: ELSEWHERE,
  },
  {
    says: /has wrong ownership|data directory .* is owned by/i,
    problem: 'the data folder belongs to another user',
    advice: 'Start as the user it belongs to (or as root), or give it to this user with `chown -R`.',
  },
  {
    says: /has invalid permissions/i,
    problem: 'the database files are open to other users, which PostgreSQL refuses',
    advice: 'Run `chmod 700` on the folder `postgres/data` inside the data folder.',
  },
  {
    says: /Permission denied|EACCES|EPERM|Operation not permitted/i,
    problem: 'the data folder is not writable for this user',
    advice: `Give it to this user with \`chown -R\`. ${ELSEWHERE}`,
  },
  {
    says: /incompatible with server|was initialized by PostgreSQL version/i,
    problem: 'the database files were made by another major version of PostgreSQL',
    advice:
      'Start the Patchbay that made them, export with its PostgreSQL (pg_dump), and import into a new data folder.',
  },
  {
    says: /Cannot allocate memory|could not map anonymous shared memory|could not resize shared memory/i,
    problem: 'there is not enough memory for the database',
    advice: 'Free some memory, or give the container more (in Docker also `--shm-size`).',
  },
  {
    says: /cannot be run as root|cannot be run.*"root"/i,
    problem: 'PostgreSQL refuses to run as root',
    advice: 'Start as an ordinary user, or set DATABASE_URL to use a PostgreSQL of your own.',
  },
  {
    says: /could not access the server configuration file|invalid checkpoint record|PANIC/i,
    problem: 'the database files are damaged',
    advice: 'Restore the data folder from a backup.',
  },
];

/**
 * Turns what PostgreSQL or the file system said into an error with advice.
 * @param doing what was being done, such as `create the database in /srv/data`
 */
export function adviseOn(doing: string, said: string, cause?: unknown): DomainError {
  const known = KNOWN.find(({ says }) => says.test(said));
  const detail = said.trim().split('\n').slice(-6).join('\n');
  if (!known) {
    const advice = `PostgreSQL said: ${detail === '' ? 'nothing' : detail}`;
    return startupError(`Could not ${doing}`, { advice, cause });
  }
  const advice = `${known.advice} (What was said: ${detail})`;
  return startupError(`Could not ${doing}: ${known.problem}`, { advice, cause });
}
