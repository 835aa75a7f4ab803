import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { DomainError } from '#kernel/errors';
import { isPublicAddress } from './public-address.ts';

/** Resolves a name to all its addresses; rejects where there is none. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What judges addresses, and the connections that obey. */
export interface Door {
  /** Throws `invalid` for an address that may not be asked, with the field it came in. */
  check(url: string, field?: string): URL;
  /** For an address that `check` has let through. */
  agent(url: URL): Dispatcher;
  /** Looks the names of such an address up; undefined where its addresses are not judged. */
  lookup(url: URL): LookupFunction | undefined;
  close(): Promise<void>;
}

/** A name that has no public address, or a socket that ended at none. */
export class ForbiddenAddress extends Error {}

const CONNECT_TIMEOUT_MS = 5_000;

export function openDoor({ allow, resolve }: { allow: readonly string[]; resolve: Resolve }): Door {
  const exempt = new Set(allow.map((pair) => pair.trim().toLowerCase()).filter((pair) => pair !== ''));
  const publicOnly = publicLookup(resolve);
  const guarded = new Agent({ connect: guardedConnector(publicOnly) });
  const open = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  return {
    check: (url, field) => parse(url, { exempt, field }),
    agent: (url) => (exempt.has(hostPort(url)) ? open : guarded),
    lookup: (url) => (exempt.has(hostPort(url)) ? undefined : publicOnly),
    async close() {
      await Promise.all([guarded.destroy(), open.destroy()]);
    },
  };
}

export const systemResolve: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

function hostPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
}

function parse(text: string, rule: { exempt: ReadonlySet<string>; field: string | undefined }): URL {
  const refuse = (words: string): never => {
    throw new DomainError('invalid', words, rule.field === undefined ? {} : { field: rule.field });
  };
  const url = URL.parse(text);
  if (!url) return refuse('The address is not a URL.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return refuse('The address must be an https URL.');
  if (url.username !== '' || url.password !== '')
    return refuse('The address must not hold a user or password.');
  if (rule.exempt.has(hostPort(url))) return url;
  if (url.protocol !== 'https:') return refuse('The address must be an https URL.');
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const forbidden = isIP(host)
    ? !isPublicAddress(host)
    : /(?:^|\.)(?:localhost|internal|local|localdomain|home\.arpa)$/.test(host);
  if (forbidden || host === '') return refuse('The address must be public.');
  return url;
}

/** Finds public addresses only; a name that has no other fails. */
function publicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname).then(
      (addresses) => {
        const open = addresses.filter(({ address }) => isPublicAddress(address));
        const [first] = open;
        if (!first) done(new ForbiddenAddress(), '', 0);
        else if (options.all) done(null, [...open]);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, '', 0),
    );
  };
}

/** Connects to public addresses only: those of the name are filtered, and the socket's own end is looked at again. */
function guardedConnector(publicOnly: LookupFunction): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: publicOnly });
  return (target, done) => {
    if (isIP(target.hostname.replace(/^\[|\]$/g, '')) && !isPublicAddress(target.hostname)) {
      return void done(new ForbiddenAddress(), null);
    }
    connect(target, (...[error, socket]) => {
      if (error) return done(error, null);
      if (isPublicAddress(socket.remoteAddress ?? '')) return done(null, socket);
      socket.destroy();
      return done(new ForbiddenAddress(), null);
    });
  };
}
