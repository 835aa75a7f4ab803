/** Processes that hold calls. */
export interface NodeDirectory {
  /** Notes that the node lives at this moment. */
  beat(nodeId: string, at: Date): Promise<void>;
  /** Nodes that were last heard of before this moment. */
  silentSince(before: Date): Promise<string[]>;
  remove(nodeId: string): Promise<void>;
}
