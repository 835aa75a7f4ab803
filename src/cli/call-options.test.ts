import { describe, expect, it } from 'vitest';
import { readCallOptions } from '#cli/call-options';
import { CommandError } from '#cli/terminal';

describe('options of patchbay call', () => {
  it('keep the steps in the order of the command line, and interruptions with the step behind them', () => {
    const args = [
      '--say',
      'one',
      '--wav=two.wav',
      '--interrupt-after',
      '1500',
      '--say',
      'three',
      '--digits',
      '1#',
    ];
    expect(readCallOptions(args).steps).toEqual([
      { kind: 'say', text: 'one', interruptAfterMs: null },
      { kind: 'wav', path: 'two.wav', interruptAfterMs: null },
      { kind: 'say', text: 'three', interruptAfterMs: 1500 },
      { kind: 'digits', digits: '1#', interruptAfterMs: null },
    ]);
  });

  it('have defaults that make the demo', () => {
    expect(readCallOptions([])).toMatchObject({
      steps: [],
      url: null,
      key: null,
      micHz: null,
      voice: 'awb',
      help: false,
    });
    expect(readCallOptions(['--url', 'http://localhost:3000/']).url).toBe('http://localhost:3000');
    expect(readCallOptions(['--mic', '--mic-rate', '8000']).micHz).toBe(8000);
  });

  it.each([
    [['--say', ' ']],
    [['--digits', '12x']],
    [['--interrupt-after', 'soon', '--say', 'x']],
    [['--interrupt-after', '100']],
    [['--mic', '--say', 'x']],
    [['--mic', '--mic-rate', '44100']],
    [['--voice', 'nobody']],
    [['--url', 'localhost:3000']],
    [['--loud']],
    [['hello']],
  ])('refuse %j with exit code 2', (args) => {
    expect(() => readCallOptions(args)).toThrow(CommandError);
    expect(() => readCallOptions(args)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
