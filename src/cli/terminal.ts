import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a command writes for people: lines, coloured where the stream is a terminal (and NO_COLOR is not set). */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  line(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream });
  }

  /** A table with its columns as wide as they need; numbers stand to the right. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
    const isNumeric = head.map((_, i) => rows.every((row) => /^[-\d.,–]*( ?ms)?$/.test(row[i] ?? '')));
    const show = (cells: readonly string[]) =>
      cells
        .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd();
    this.line(this.style('dim', `  ${show(head)}`));
    for (const row of rows) this.line(`  ${show(row)}`);
  }
}

/** What a command ends with when it cannot go on; the message is all that is shown. */
export class CommandError extends Error {
  /** 1 for a failure, 2 for a wrong use. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
