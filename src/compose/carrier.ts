import { type SandboxCarrier, sandboxCarrier } from '#adapters/carrier/sandbox/sandbox-carrier';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { openTwilioCarrier } from '#adapters/carrier/twilio/twilio-carrier';
import { Pacer } from '#audio/pacer';
import type { LiveCalls } from '#core/dialing/live-calls';
import type { Carrier, CarrierSignatures } from '#core/ports';
import { systemClock } from '#kernel/clock';
import type { Log } from '#kernel/log';
import type { Registry } from '#runtime/registry';
import type { Config } from '#src/config';
import { sandboxTelephone } from './sandbox-telephone.ts';

/** What calls are made with. */
export interface CarrierPort {
  readonly carrier: Carrier;
  readonly signatures: CarrierSignatures;
  /** Null where calls are Twilio's. */
  readonly sandbox: SandboxCarrier | null;
  /** Where the server listens, such as `http://127.0.0.1:3000`: before, the sandbox cannot call it. */
  listening(origin: string): void;
  /** Ends what the sandbox has going. */
  close(): Promise<void>;
}

/** The account of sandbox calls that bring none. */
const SANDBOX_ACCOUNT_SID = `AC${'0'.repeat(32)}`;

export async function openCarrier({ config, log }: { config: Config; log: Log }): Promise<CarrierPort> {
  const { twilio, publicUrl, secrets } = config;
  const authToken = secrets.twilioAuthToken;
  const signatures = twilioSignatures(authToken);
  if (config.carrier === 'twilio') {
    const { accountSid, apiUrl } = twilio;
    const account = accountSid !== null && authToken !== null ? { accountSid, authToken } : null;
    const carrier = await openTwilioCarrier({ account, apiUrl });
    return { carrier, signatures, sandbox: null, listening() {}, async close() {} };
  }
  let origin: string | null = null;
  const telephone = sandboxTelephone({
    publicUrl,
    origin: () => {
      if (origin === null) throw new Error('the server is still starting');
      return origin;
    },
    pacer: new Pacer({
      clock: systemClock,
      onError: (error) => log.error({ err: error }, 'a callee failed'),
    }),
  });
  const account = { accountSid: twilio.accountSid ?? SANDBOX_ACCOUNT_SID, authToken };
  const sandbox = sandboxCarrier({ telephone, account, clock: systemClock, log });
  return {
    carrier: sandbox,
    signatures,
    sandbox,
    listening(at) {
      origin = at;
    },
    async close() {
      await sandbox.close();
      await telephone.close();
    },
  };
}

/** The live calls of this process, as use cases end them. */
export function liveCallsOf(registry: Registry): LiveCalls {
  return {
    hangUp(tenantId, callId, why) {
      const live = registry.find(tenantId, callId);
      live?.session.hangUp(why);
      return live !== undefined;
    },
  };
}
