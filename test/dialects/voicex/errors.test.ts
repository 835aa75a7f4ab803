import { describe, expect, it } from 'vitest';
import { startVoicex } from './harness.ts';

describe('limits', () => {
  it('X-07 X-04 more requests than allowed answer 429 in the error body, for that credential alone', async () => {
    await using api = await startVoicex({ rateLimitPerMinute: 20 });
    const first = await api.org();
    const second = await api.org();
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++) statuses.push((await api.ask('getStats', { token: first.token })).status);
    expect(statuses).toEqual([...Array(20).fill(200), 429, 429]);
    expect((await api.ask('getStats', { token: second.token })).status).toBe(200);
  });
});

describe('faults', () => {
  it('X-04 a database that is gone answers 500 and tells nothing of it', async () => {
    await using api = await startVoicex();
    const org = await api.org();
    await api.platform.breakDatabase();
    const answer = await api.ask('getStats', { token: org.token });
    expect(answer.status).toBe(500);
    expect(Object.keys(answer.body)).toEqual(['error']);
    expect(answer.text).not.toMatch(/postgres|pool|sql|select|127\.0\.0\.1|at .*\.ts/i);
    expect((await api.ask('checkHealth')).status).toBe(200);
  });

  it('X-04 unknown paths below the dialect answer 404 in the error body', async () => {
    await using api = await startVoicex();
    for (const url of ['/voicex/api/nothing', '/voicex/', '/voicex/api/dashboard/calls/a/b/c']) {
      const answer = await api.app.inject({ url });
      expect({ url, status: answer.statusCode, body: answer.json() }).toEqual({
        url,
        status: 404,
        body: { error: expect.any(String) },
      });
    }
  });
});
