import { guardedHttp } from '#adapters/fetch/guarded';
import type { OutboundHttp, OutboundRequest, OutboundResponse } from '#core/ports';

/** The web without a network: addresses are judged as they are in earnest, and a test answers requests to them. */
export interface TestWeb extends OutboundHttp {
  /** In the order they came. */
  readonly requests: OutboundRequest[];
  /** 204 and nothing else, until a test says otherwise. */
  answer: (request: OutboundRequest) => OutboundResponse;
  /** Forgets requests, and answers as at first. */
  reset(): void;
}

const silence = (): OutboundResponse => ({ status: 204, headers: {}, body: '' });

export function testWeb(): TestWeb {
  const guard = guardedHttp({ allow: [] });
  const web: TestWeb = {
    requests: [],
    answer: silence,
    checkUrl: guard.checkUrl,
    async fetch(request) {
      web.requests.push(request);
      return web.answer(request);
    },
    reset() {
      web.requests.length = 0;
      web.answer = silence;
    },
  };
  return web;
}
