import type { Blobs, CarrierSignatures } from '#core/ports';
import type { Services } from '#core/services';
import type { Clock } from '#kernel/clock';

/** What the dialect stands on. */
export interface VoicexDeps {
  readonly services: Services;
  /** Where recordings are. */
  readonly blobs: Blobs;
  readonly signatures: CarrierSignatures;
  /** Whether this server has speech capacity for one more call. */
  readonly hasRoom: () => boolean;
  /** Start of generated URLs, without a slash at its end. */
  readonly publicUrl: string;
  readonly clock: Clock;
}
