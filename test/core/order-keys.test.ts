import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DialingRig, openDialing, order } from '#test/core/dialing-rig';

let rig: DialingRig;
let p: DialingRig['p'];
let services: DialingRig['services'];
beforeAll(async () => {
  rig = await openDialing();
  ({ p, services } = rig);
});
beforeEach(() => {
  rig.reset();
  p.telephony.meanwhile = async () => {};
});
afterAll(() => rig.close());

let count = 0;

/** A request with a key begins, as the HTTP side has it begin. */
async function begin(scope: Parameters<typeof services.idempotency.begin>[0], key: string) {
  const start = await services.idempotency.begin(scope, { key, operation: 'POST /o', requestHash: 'h' });
  expect(start.kind).toBe('begun');
}

describe('an order whose server went down before it could answer', () => {
  it('is not dialed again: the repeat gets the call that was placed', async () => {
    const { scope, from } = await rig.caller();
    const orderKey = `order-${++count}`;
    await begin(scope, orderKey);
    const first = await services.dialing.call(scope, order(from, { orderKey }));
    // Here the process is killed; its hold on the key runs out.
    p.clock.advance(121_000);
    await begin(scope, orderKey);
    const second = await services.dialing.call(scope, order(from, { orderKey }));
    expect(second).toEqual(first);
    expect(p.telephony.dialed).toHaveLength(1);
    expect((await services.calls.list(scope)).total).toBe(1);
  });

  it('which the carrier never confirmed is not known to be placed, and not dialed again', async () => {
    const { scope, from } = await rig.caller();
    const orderKey = `order-${++count}`;
    await begin(scope, orderKey);
    let killed: (error: Error) => void = () => {};
    p.telephony.meanwhile = () => new Promise((_resolve, reject) => (killed = reject));
    const lost = services.dialing.call(scope, order(from, { orderKey })).catch(() => 'lost');
    await expect.poll(() => p.telephony.dialed.length).toBe(1);
    p.clock.advance(121_000);
    await begin(scope, orderKey);
    const again = () => services.dialing.call(scope, order(from, { orderKey }));
    await expect(again()).rejects.toMatchObject({ code: 'unavailable' });
    // What recovery does with it.
    killed(new Error('gone'));
    await lost;
    await expect(again()).rejects.toMatchObject({ code: 'upstream' });
    expect(p.telephony.dialed).toHaveLength(1);
  });

  it('without a key, and with another one, it is another order', async () => {
    const { scope, from } = await rig.caller();
    for (const orderKey of [undefined, undefined, `order-${++count}`, `order-${++count}`]) {
      if (orderKey !== undefined) await begin(scope, orderKey);
      await services.dialing.call(scope, order(from, { orderKey }));
    }
    expect(p.telephony.dialed).toHaveLength(4);
  });

  it('a key is forgotten after a day, with what it made', async () => {
    const { scope, from } = await rig.caller();
    const orderKey = `order-${++count}`;
    await begin(scope, orderKey);
    await services.dialing.call(scope, order(from, { orderKey }));
    p.clock.advance(24 * 3_600_000 + 1_000);
    await begin(scope, orderKey);
    await services.dialing.call(scope, order(from, { orderKey }));
    expect(p.telephony.dialed).toHaveLength(2);
  });
});
