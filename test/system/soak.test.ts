import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCallerVoice } from '#cli/caller-voice';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { type CrowdTally, holdCrowd } from './crowd.ts';
import { type Gauges, growthPerMinute, readGauges, type Sample } from './gauges.ts';
import { dial, newCallSid, type PhoneCall, pickUp, ring } from './telephone.ts';
import { signUp, type Tenant } from './tenants.ts';

/** Half a minute in the suite; `npm run soak` sets three. */
const LASTING_MS = 1_000 * Number(process.env.SOAK_SEC ?? 30);
const CALLS = 20;
const STT_WORKERS = 2;
/** Calls that so many recognition threads take. */
const ROOM = 16 * STT_WORKERS;
const LOOK_MS = 500;
const MB = 1024 * 1024;
/** What memory may seem to grow by, however long the soak: what a collection takes away again, and what allocators keep. */
const HEAP_GROWS_MB = 40;
const RSS_GROWS_MB = 150;
/** Buffers, models and compiled code grow for so long after the first call. */
const WARM_MS = LASTING_MS * 0.4;

let dataDir: string;
let server: TestServer;
let tenant: Tenant;
let before: Gauges;
let tally: CrowdTally;
let watched: Watched;

interface Watched {
  rss: Sample[];
  heap: Sample[];
  /** How long the server took to answer somebody else. */
  answersMs: number[];
  mostLive: number;
  /** Longest stall of the server's event loop. */
  lagMs: number;
}

beforeAll(async () => {
  dataDir = await makeDataDir();
  const [started, voice] = await Promise.all([
    startTestServer({ dataDir, env: { STT_WORKERS: String(STT_WORKERS) } }),
    openCallerVoice('awb'),
  ]);
  server = started;
  const lines = {
    hours: await voice.speak('What time do you open on Monday?'),
    where: await voice.speak('Wait, where are you located?'),
    bye: await voice.speak('No thank you goodbye.'),
  };
  await voice.close();
  tenant = await signUp(server, 'pro');
  const agentId = await tenant.makeAgent({ recording: { enabled: true, announce: false } });
  before = await readGauges(server);
  const over = new AbortController();
  const watching = watch(over.signal);
  tally = await holdCrowd(server, tenant, { agentId, size: CALLS, lastingMs: LASTING_MS, lines });
  over.abort();
  watched = await watching;
}, LASTING_MS + 180_000);
afterAll(async () => {
  await server?.stop();
  await removeDataDir(dataDir);
});

async function watch(over: AbortSignal): Promise<Watched> {
  const seen: Watched = { rss: [], heap: [], answersMs: [], mostLive: 0, lagMs: 0 };
  const startedMs = performance.now();
  while (!over.aborted) {
    const askedMs = performance.now();
    const { status } = await tenant.ask('/agents');
    if (status !== 200) throw new Error(`answered ${status}`);
    seen.answersMs.push(performance.now() - askedMs);
    const gauges = await readGauges(server);
    const atMs = performance.now() - startedMs;
    seen.mostLive = Math.max(seen.mostLive, gauges.get('patchbay_calls_live')!);
    seen.lagMs = Math.max(seen.lagMs, 1_000 * gauges.get('nodejs_eventloop_lag_max_seconds')!);
    if (atMs > WARM_MS && atMs < LASTING_MS) {
      seen.rss.push({ atMs, value: gauges.get('process_resident_memory_bytes')! });
      seen.heap.push({ atMs, value: gauges.get('nodejs_heap_size_used_bytes')! });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return seen;
}

describe(`${CALLS} calls at once, for ${LASTING_MS / 1_000} s`, { timeout: 120_000 }, () => {
  it('all end as they should, none failed', async () => {
    expect(tally.troubles).toEqual([]);
    expect(watched.mostLive).toBe(CALLS);
    expect(tally.putOff).toBeLessThan(tally.callSids.length / 5);
    expect(tally.answered / tally.asked).toBeGreaterThan(0.8);
    const ends = await eventually(
      () =>
        server.rows<{ status: string; reason: string | null; n: number }>(
          'select status, end_reason as reason, count(*)::int as n from calls group by 1, 2 order by 1, 2',
        ),
      (rows) => rows.every(({ status }) => status !== 'active'),
    );
    const stored = ends.reduce((sum, { n }) => sum + n, 0);
    expect(stored).toBe(tally.callSids.length);
    for (const end of ends) expect(end).toMatchObject({ status: 'completed' });
    expect(ends.map(({ reason }) => reason)).toEqual(['agent_ended', 'caller_hung_up']);
    expect(await server.rows('select id from calls where recording_key is null')).toEqual([]);
  });

  it('leave the server answering others meanwhile', () => {
    const sorted = [...watched.answersMs].sort((a, b) => a - b);
    const within = (share: number) => sorted[Math.floor(sorted.length * share)];
    expect(within(0.9)).toBeLessThan(500);
    expect(within(0.98)).toBeLessThan(3_000);
    expect(watched.lagMs).toBeLessThan(1_000);
  });

  it('leave nothing behind: memory does not grow, and sockets, timers and sessions are gone', async () => {
    expect(watched.rss.length).toBeGreaterThan(10);
    expect(growth(watched.heap)).toBeLessThan(HEAP_GROWS_MB);
    expect(growth(watched.rss)).toBeLessThan(RSS_GROWS_MB);
    await eventually(
      () => readGauges(server),
      (gauges) => isEmpty(gauges) && gauges.get(TIMERS)! <= before.get(TIMERS)! + SPARE_TIMERS,
    );
  });

  it('and beyond what can be heard in good time a caller is told so', async () => {
    const calls: PhoneCall[] = [];
    for (let i = 0; i < ROOM; i++) calls.push(await dial(server, tenant));
    for (const call of calls)
      expect(await call.ear.until(() => call.ear.agent.length > 0, 30_000)).toBe(true);
    const refused = async () => (await readGauges(server)).get('patchbay_calls_refused_total')!;
    const earlier = await refused();
    expect(await ring(server, tenant.key)).toMatchObject({
      kind: 'say',
      text: expect.stringMatching(/try again/i),
    });
    expect(await refused()).toBe(earlier + 1);
    await calls[0]!.end.hangUp();
    const callSid = newCallSid();
    const next = await eventually(
      () => ring(server, tenant.key, { callSid }),
      ({ kind }) => kind === 'stream',
    );
    if (next.kind !== 'stream') throw new Error('not connected');
    const late = await pickUp(next, callSid);
    expect(await late.ear.until(() => late.ear.agent.length > 0, 30_000)).toBe(true);
    await Promise.all([late, ...calls].map((call) => call.end.hangUp()));
    await eventually(() => readGauges(server), isEmpty);
  });
});

/** In MB, from the end of the warming up to the end of the soak. */
const growth = (samples: readonly Sample[]) =>
  (growthPerMinute(samples, 5_000) * (LASTING_MS - WARM_MS)) / 60_000 / MB;

/** Timers of connections to the database and of HTTP that stay open for a while. */
const SPARE_TIMERS = 20;
const TIMERS = 'nodejs_active_resources{type="Timeout"}';
const NONE_LEFT = [
  'patchbay_calls_live',
  'patchbay_sockets_open',
  'patchbay_journal_depth',
  'patchbay_speech_jobs_queued',
];
const isEmpty = (gauges: Gauges) => NONE_LEFT.every((name) => gauges.get(name) === 0);
