import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mulawSample } from '#audio/g711';
import { MediaTemplate } from '#gateways/twilio-media/media-template';
import { decodePayload } from '#gateways/twilio-media/payload';

interface Media {
  event: string;
  sequenceNumber: string;
  streamSid: string;
  media: { track: string; chunk: string; timestamp: string; payload: string };
}

function message(n: number, payload = Buffer.alloc(160, n).toString('base64')): Media {
  return {
    event: 'media',
    sequenceNumber: String(n + 2),
    streamSid: 'MZ0123456789',
    media: { track: 'inbound', chunk: String(n), timestamp: String(n * 20), payload },
  };
}

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('MediaTemplate', () => {
  it('reads later messages as JSON.parse does, whatever their payload and counters', () => {
    const template = MediaTemplate.learn(bytes(message(1)))!;
    const arbitrary = fc.record({ n: fc.nat(1e9), payload: fc.uint8Array({ maxLength: 400 }) });
    fc.assert(
      fc.property(arbitrary, ({ n, payload }) => {
        const raw = bytes(message(n, Buffer.from(payload).toString('base64')));
        expect(template.match(raw)).toBe(true);
        expect(template.timestampMs).toBe(n * 20);
        const out = new Int16Array(600);
        const count = decodePayload(raw, template.payload, out);
        expect([...out.subarray(0, count)]).toEqual([...payload].map(mulawSample));
      }),
    );
  });

  it('matches nothing that differs in any other byte, or is no JSON', () => {
    const template = MediaTemplate.learn(bytes(message(1)))!;
    const good = bytes(message(7));
    expect(template.match(good)).toBe(true);
    const { from, to } = template.payload;
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const raw = Buffer.from(good);
        raw[at]! ^= flip;
        fc.pre(at < from || at >= to);
        if (!template.match(raw)) return;
        const parsed = JSON.parse(raw.toString()) as Media;
        expect(parsed).toEqual({
          ...message(7),
          sequenceNumber: parsed.sequenceNumber,
          media: { ...message(7).media, chunk: parsed.media.chunk, timestamp: parsed.media.timestamp },
        });
        expect(template.timestampMs).toBe(Number(parsed.media.timestamp));
      }),
      { numRuns: 2000 },
    );
    for (let length = 0; length < good.length; length++)
      expect(template.match(good.subarray(0, length))).toBe(false);
    expect(template.match(Buffer.concat([good, Buffer.from(' ')]))).toBe(false);
  });

  it.each([
    [
      'keys in another order',
      JSON.stringify({ ...message(1), media: { payload: 'AAAA', timestamp: '5', chunk: '1' } }),
    ],
    ['white space', JSON.stringify(message(1), null, 2)],
    ['numbers', JSON.stringify({ event: 'media', media: { timestamp: 5, payload: 'AAAA' } })],
  ])('learns %s', (_, text) => {
    expect(MediaTemplate.learn(Buffer.from(text))?.match(Buffer.from(text))).toBe(true);
  });

  it.each([
    ['a payload with escapes', '{"event":"media","media":{"timestamp":"5","payload":"AA\\/A"}}'],
    ['no timestamp', '{"event":"media","media":{"payload":"AAAA"}}'],
    ['a timestamp that is no whole number', '{"event":"media","media":{"timestamp":"5.5","payload":"AAAA"}}'],
    ['two payloads', '{"event":"media","media":{"timestamp":"5","payload":"AAAA"},"x":{"payload":"BBBB"}}'],
    ['a payload elsewhere', '{"event":"media","payload":"AAAA","timestamp":"5","media":{}}'],
  ])('does not learn %s', (_, text) => {
    expect(MediaTemplate.learn(Buffer.from(text))).toBeNull();
  });
});

describe('decodePayload', () => {
  const decode = (text: string) =>
    decodePayload(Buffer.from(text), { from: 0, to: text.length }, new Int16Array(999));

  it('refuses what is no padded base64', () => {
    for (const text of [
      'A',
      'AA',
      'AAA',
      'AAAAA',
      '====',
      'A===',
      'AA=A',
      '=AAA',
      'AA==AAAA',
      'AA-_',
      'AA\nA',
      'AAAé',
    ]) {
      expect(decode(text), text).toBe(-1);
    }
    expect([decode(''), decode('AA=='), decode('AAA='), decode('AAAA')]).toEqual([0, 1, 2, 3]);
  });
});
