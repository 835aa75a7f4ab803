import type { CallLifecycle } from '#core/calls/lifecycle';
import type { UnitOfWork } from '#core/uow';
import type { CallId } from '#kernel/ids';

/** Nodes tell one another that they live, so that the calls of one that died are ended by the others. */
export interface Nodes {
  /** To be said several times a minute. */
  beat(): Promise<void>;
  /** Ends the calls of nodes that have not been heard of for a minute; their ids. */
  bury(): Promise<CallId[]>;
}

/** A node that has been silent for so long has died; a database that is away silences all of them alike. */
const LEASE_MS = 60_000;
/** Nodes without calls are remembered for a day. */
const REMEMBERED_MS = 24 * 3_600_000;

export function makeNodes(deps: { uow: UnitOfWork; lifecycle: CallLifecycle; nodeId: string }): Nodes {
  const { uow, lifecycle, nodeId } = deps;
  return {
    beat: () => uow.system.write((tx) => tx.nodes.beat(nodeId)),
    async bury() {
      const silent = await uow.system.read((repos) => repos.nodes.silentFor(LEASE_MS));
      const ended: CallId[] = [];
      for (const node of silent) {
        // A node that can say so lives, however long it was away.
        if (node !== nodeId) ended.push(...(await lifecycle.recoverOrphans(node)));
      }
      const old = await uow.system.read((repos) => repos.nodes.silentFor(REMEMBERED_MS));
      await uow.system.write(async (tx) => {
        for (const node of old) await tx.nodes.remove(node);
      });
      return ended;
    },
  };
}
