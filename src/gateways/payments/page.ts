import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { toRequestError } from '#http/request-error';
import type { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';

/** HTML that is safe to put into HTML. */
export interface Markup {
  readonly html: string;
}

type Piece = string | number | Markup | readonly Markup[] | null;

/** Markup of a template; whatever is put in is text, and escaped, unless it is markup itself. */
export function markup(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return { html: parts.reduce((html, part, at) => html + shown(pieces[at - 1] ?? null) + part) };
}

function shown(piece: Piece): string {
  if (piece === null) return '';
  if (typeof piece === 'object') return 'html' in piece ? piece.html : piece.map(({ html }) => html).join('');
  return String(piece).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #16181d; --soft: #5c6370; --line: #dfe2e8; --paper: #fff; --ground: #f3f4f7; --accent: #3454d1; --on: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceef2; --soft: #a0a7b4; --line: #343a46; --paper: #1c2027; --ground: #12151a; --accent: #8ea5ff; --on: #10131c; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 3rem 1rem; }
.note { margin: 0 0 1rem; color: var(--soft); font-size: .875rem; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; margin-bottom: 1rem; }
h1 { font-size: 1.375rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 0 0 .75rem; } p { margin: .25rem 0; }
.amount { font-size: 2.25rem; font-weight: 650; margin: .75rem 0 0; } .amount span { font-size: 1rem; font-weight: 400; } .soft { color: var(--soft); }
.row { display: flex; gap: 1rem; padding: .375rem 0; border-top: 1px solid var(--line); } .row span { flex: 1; } .row span:last-child { text-align: right; }
form { display: inline-block; margin: .75rem .5rem 0 0; }
button, .button { font: inherit; border: 1px solid var(--line); border-radius: 8px; padding: .5rem 1rem; background: transparent; color: inherit; cursor: pointer; text-decoration: none; display: inline-block; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on); font-weight: 600; }
a { color: var(--accent); } button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export interface Page {
  readonly title: string;
  readonly body: Markup;
  readonly status?: number;
}

/**
 * Answers with a page that runs no script and is shown in no frame. Forms go to the page's own origin and to where a
 * form's answer may lead (`next`, an address).
 */
export function sendPage(
  reply: FastifyReply,
  { title, body, status = 200 }: Page,
  next?: string,
): FastifyReply {
  const leads = next !== undefined && URL.canParse(next) ? ` ${new URL(next).origin}` : '';
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "base-uri 'none'",
    `form-action 'self'${leads}`,
    "frame-ancestors 'none'",
  ];
  return reply
    .status(status)
    .headers({
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-store',
      // The address opens the page: it is told to nobody.
      'referrer-policy': 'no-referrer',
    })
    .type('text/html; charset=utf-8')
    .send(
      '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
        '<meta name="viewport" content="width=device-width, initial-scale=1">' +
        `<meta name="robots" content="noindex">${markup`<title>${title}</title>`.html}<style>${STYLE}</style></head>` +
        `<body><main>${body.html}</main></body></html>`,
    );
}

const STATUS: Partial<Record<DomainError['code'], number>> = {
  not_found: 404,
  precondition: 410,
  invalid: 400,
  forbidden: 403,
  upstream: 502,
  unavailable: 503,
};

/** Pages take no bodies and fail as pages. */
export function servePages(app: FastifyInstance, log: Log): void {
  app.removeAllContentTypeParsers();
  // Buttons send forms without fields; nothing that is sent is read.
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 16_384 }, (_request, _body, done) =>
    done(null, undefined),
  );
  app.setErrorHandler((thrown, request, reply) => {
    const error = toRequestError(thrown);
    const status = STATUS[error.code] ?? 500;
    if (status === 500) log.error({ requestId: request.id, err: thrown }, 'page failed');
    const body = markup`<section><h1>That did not work</h1><p>${error.publicMessage}</p></section>`;
    return sendPage(reply, { title: 'That did not work', body, status });
  });
}

/** `$5.00`; a price below a cent is shown in full. */
export function dollars(micros: number): string {
  const usd = micros / 1_000_000;
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`;
}
