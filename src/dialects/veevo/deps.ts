import type { CarrierSignatures } from '#core/ports';
import type { Services } from '#core/services';
import type { Log } from '#kernel/log';

/** What the dialect stands on. */
export interface VeevoDeps {
  readonly services: Services;
  readonly signatures: CarrierSignatures;
  /** Whether this server has speech capacity for one more call. */
  readonly hasRoom: () => boolean;
  /** Start of generated URLs, without a slash at its end. */
  readonly publicUrl: string;
  readonly log: Log;
}
