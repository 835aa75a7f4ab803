/** Processes that hold calls. Times are the database's own: nodes need not agree on theirs. */
export interface NodeDirectory {
  /** Notes that the node lives now. */
  beat(nodeId: string): Promise<void>;
  /** Nodes that have not been heard of for so long. */
  silentFor(ms: number): Promise<string[]>;
  remove(nodeId: string): Promise<void>;
}
