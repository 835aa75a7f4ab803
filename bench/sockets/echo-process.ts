import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pacer } from '#audio/pacer';
import { createTwilioMedia } from '#gateways/twilio-media/twilio-media';
import { createSocketHub } from '#gateways/upgrade';
import { systemClock } from '#kernel/clock';
import { silentLog } from '#kernel/log';
import type { Launcher, LiveCall } from '#runtime/launch';
import { memoryTransfers } from '#test/support/transfers';

/** The gateway, with a launcher whose calls echo. Tells its port; answers `report` with what came since `measure`. */

export interface SocketFigures {
  calls: number;
  'CPU %': number;
  'CPU ms / call s': number;
  'tick late p99 ms': number;
  'tick late max ms': number;
}

const pacer = new Pacer({ clock: systemClock });
const launcher: Launcher = {
  async start(_token, line) {
    line.listen({ audio: { push: (frame) => line.push(frame) } });
    return {} as LiveCall;
  },
};
const gateway = createTwilioMedia({
  launcher,
  pacer,
  clock: systemClock,
  log: silentLog,
  transfers: memoryTransfers(),
  publicUrl: 'http://127.0.0.1',
  signatures: { verify: () => true },
});
const server = createServer();
createSocketHub([gateway], { clock: systemClock, log: silentLog }).attach(server);
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));

let cpu = process.cpuUsage();
let sinceMs = performance.now();
process.on('message', (message) => {
  if (message === 'measure') {
    cpu = process.cpuUsage();
    sinceMs = performance.now();
    pacer.lateness({ reset: true });
    return;
  }
  const used = process.cpuUsage(cpu);
  const cpuMs = (used.user + used.system) / 1000;
  const elapsedMs = performance.now() - sinceMs;
  const late = pacer.lateness();
  const calls = pacer.size;
  process.send!({
    calls,
    'CPU %': Math.round((100 * cpuMs) / elapsedMs),
    'CPU ms / call s': Number(((cpuMs / elapsedMs / calls) * 1000).toFixed(2)),
    'tick late p99 ms': late.p99Ms,
    'tick late max ms': Number(late.maxMs.toFixed(1)),
  } satisfies SocketFigures);
});
