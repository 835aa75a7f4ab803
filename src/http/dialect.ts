import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import { DomainError, type ErrorCode } from '#kernel/errors';
import type { Scope } from '#kernel/scope';

/** One API of the platform: a prefix, a way to tell who asks, a form for errors, and routes. */
export interface Dialect {
  /** One lower-case word; `DIALECT_HOSTS` calls it by this. */
  readonly name: string;
  /** Starts with a slash, ends without one. */
  readonly prefix: string;
  /** What its served OpenAPI document says besides its routes; null serves none. */
  readonly reference: Reference | null;
  /** The credential as presented, for counting requests; null without one. Must not throw. */
  credential(request: FastifyRequest): string | null;
  /**
   * Who asks. Runs for every route whose `access` is not `public`, before the body is read. Null is somebody who acts
   * in no tenant (the operator). Throws `unauthenticated`, or `forbidden` for a tenant that is out of use.
   */
  authenticate(request: FastifyRequest): Promise<Scope | null>;
  /** The only place that knows the dialect's statuses and error bodies. */
  renderError(error: DomainError, requestId: string): Rendered;
  readonly routes: readonly RouteModule[];
}

export interface Rendered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Statuses of a dialect, one for each way to fail. */
export type StatusTable = Readonly<Record<ErrorCode, number>>;

/** Adds the routes of one noun. Paths are the contract's own; the prefix is added when the dialect is mounted. */
export type RouteModule = (app: DialectApp) => void | Promise<void>;

/** Fastify, with handlers typed by the schemas beside them. */
export type DialectApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface Reference {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** OpenAPI security schemes by name. */
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  /** What a route takes unless it says otherwise: any one of these. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export type SecurityScheme =
  | { type: 'http'; scheme: 'bearer'; bearerFormat?: string; description: string }
  | { type: 'apiKey'; in: 'header' | 'query' | 'cookie'; name: string; description: string };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may ask: `public` is anyone; other words are the dialect's own. */
    access?: string;
    /** Whether the route takes `Idempotency-Key`; see `answerOnce`. Only where there is a scope. */
    idempotent?: boolean;
    /** For routes that take a password or the like: what is being guessed at, such as the e-mail address. */
    guessOf?: (request: FastifyRequest) => string;
  }
  interface FastifyRequest {
    /** Null on public routes and for the operator; see `scopeOf`. */
    scope: Scope | null;
    /** Bytes of a form body, for signatures made over them; null otherwise. */
    rawBody: Buffer | null;
  }
}

/** The scope the dialect's `authenticate` found. Throws `unauthenticated` where there is none. */
export function scopeOf(request: FastifyRequest): Scope {
  if (request.scope) return request.scope;
  throw new DomainError('unauthenticated', 'A credential is needed.');
}
