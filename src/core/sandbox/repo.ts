import type { JsonObject } from '#kernel/json';

/** One thing that the sandbox of an outside service keeps, as the vendor would on its side. */
export interface SandboxObject {
  readonly id: string;
  /** `payments.invoice` */
  readonly kind: string;
  readonly body: JsonObject;
  readonly createdAt: Date;
}

export interface SandboxRepo {
  /** False where the id is taken: then nothing is changed. */
  insert(object: SandboxObject): Promise<boolean>;
  /** Null for an id that is unknown, or of another kind. */
  find(kind: string, id: string): Promise<SandboxObject | null>;
  /** As `find`, and holds it until the transaction ends. */
  lock(kind: string, id: string): Promise<SandboxObject | null>;
  update(id: string, body: JsonObject): Promise<void>;
  /** Newest first. `where` are properties that the body has, at any depth they are written at. */
  list(kind: string, filter: { where?: JsonObject; limit: number }): Promise<SandboxObject[]>;
}
