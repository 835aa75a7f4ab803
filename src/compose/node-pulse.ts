import type { Nodes } from '#core/nodes/service';
import type { Log } from '#kernel/log';

const PULSE_MS = 10_000;

/** Tells the other nodes that this one lives, now and from time to time. Stops with what it answers. */
export async function startNodePulse(nodes: Nodes, log: Log): Promise<() => void> {
  await nodes.beat();
  const pulse = setInterval(() => {
    nodes.beat().catch((error: unknown) => log.error({ err: error }, 'node could not say that it lives'));
  }, PULSE_MS);
  return () => clearInterval(pulse);
}
