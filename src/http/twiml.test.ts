import { describe, expect, it } from 'vitest';
import { connectStream, dial, hangup, reject, sayAndHangUp } from './twiml.ts';

const start = '<?xml version="1.0" encoding="UTF-8"?><Response>';

describe('TwiML', () => {
  it('connects a stream with its parameters', () => {
    const xml = connectStream({
      url: 'wss://voice.example.com/media/twilio',
      parameters: { token: 'a"b<c>&\'d' },
      actionUrl: 'https://voice.example.com/media/twilio/after?x=1&y=2',
    });
    expect(xml).toBe(
      `${start}<Connect action="https://voice.example.com/media/twilio/after?x=1&amp;y=2">` +
        '<Stream url="wss://voice.example.com/media/twilio">' +
        '<Parameter name="token" value="a&quot;b&lt;c&gt;&amp;&apos;d"/></Stream></Connect></Response>',
    );
  });

  it('adds a status callback where there is one', () => {
    const order = { url: 'wss://x/m', parameters: {}, actionUrl: 'https://x/a' };
    expect(connectStream({ ...order, statusCallbackUrl: 'https://x/s' })).toContain(
      '<Stream url="wss://x/m" statusCallback="https://x/s"/>',
    );
  });

  it('says and hangs up; text cannot break out, characters XML has no way to write are left out', () => {
    expect(sayAndHangUp('</Say><Dial>+1900</Dial>\u0000\u001b[1m\ud800 ä 😀')).toBe(
      `${start}<Say language="en-US">&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;[1m ä 😀</Say><Hangup/></Response>`,
    );
  });

  it('dials, hangs up, rejects', () => {
    expect(dial({ to: '+15551234567', callerId: '+15557654321', timeoutSec: 20 })).toBe(
      `${start}<Dial callerId="+15557654321" timeout="20"><Number>+15551234567</Number></Dial></Response>`,
    );
    expect(hangup()).toBe(`${start}<Hangup/></Response>`);
    expect(reject('busy')).toBe(`${start}<Reject reason="busy"/></Response>`);
  });
});
