import { Logger, type LogLevel } from 'graphile-worker';
import type { Log } from '#kernel/log';

type Method = 'debug' | 'info' | 'warn' | 'error';

const METHODS: Readonly<Record<`${LogLevel}`, Method>> = {
  error: 'error',
  warning: 'warn',
  // What the queue tells of its daily work is of interest to those who look for it only.
  info: 'debug',
  debug: 'debug',
};

/**
 * graphile-worker's messages in our log. Errors are reduced to their message, since their fields hold payloads, and
 * failed jobs are left to the queue, which tells of them in its own words.
 */
export function workerLogger(log: Log): Logger {
  return new Logger((scope) => (level, message, meta) => {
    if (meta?.failure === true) return;
    const error = meta?.error instanceof Error ? { error: meta.error.message } : {};
    log[METHODS[level]]({ ...scope, ...error }, message);
  });
}
