import { join } from 'node:path';
import { openContract } from '#test/dialects/contract';

/** The documented API; 429 is an addition that the documentation allows. */
export const CONTRACT = openContract(join(import.meta.dirname, 'contract.yaml'), [429]);

/** Operations that take a credential. */
export const PROTECTED = [...CONTRACT.operations.values()].filter((operation) => operation.isProtected);
