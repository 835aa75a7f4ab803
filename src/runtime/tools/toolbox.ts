import type { CallOrder } from '#core/calls/order';
import type { Calendars, OutboundHttp } from '#core/ports';
import { collectDigitsTool, endCallTool, sendDigitsTool, transferTool } from '#engine/built-in-tools';
import type { Tool } from '#engine/ports';
import type { Clock } from '#kernel/clock';
import type { TenantId } from '#kernel/ids';
import type { Log } from '#kernel/log';
import { calendarTools } from '#runtime/tools/calendar-tools';
import { httpTool } from '#runtime/tools/http-tool';
import { type TakenMessage, takeMessageTool } from '#runtime/tools/message-tool';

export interface ToolboxDeps {
  http: OutboundHttp;
  calendars: Calendars;
  /** The tenant's secret that requests of its tools are signed with. */
  signingSecret(tenantId: TenantId): Promise<string>;
  /** Keeps a message that a caller left; the same idempotency key keeps it once. */
  deliverMessage(tenantId: TenantId, message: TakenMessage, signal: AbortSignal): Promise<void>;
  clock: Clock;
  log: Log;
}

/**
 * The tools of one call, from its assistant's configuration. A calendar that does not open is left out, so that the
 * call is answered all the same. Of two tools with one name the built-in one stays.
 */
export async function toolsFor(order: CallOrder, deps: ToolboxDeps): Promise<readonly Tool[]> {
  const { tools, variables } = order.assistant;
  const found: Tool[] = [endCallTool()];
  if (order.type === 'phone')
    found.push(order.direction === 'outbound' ? sendDigitsTool() : collectDigitsTool());
  if (tools.transfers.length > 0) found.push(transferTool(tools.transfers));
  if (tools.calendar) found.push(...(await openCalendar(order, deps)));
  if (tools.messages) {
    const keep = (message: TakenMessage, signal: AbortSignal) =>
      deps.deliverMessage(order.tenantId, message, signal);
    found.push(takeMessageTool(keep, order.from || null));
  }
  if (tools.http.length > 0) {
    const signingSecret = await deps.signingSecret(order.tenantId);
    const values = {
      ...variables,
      from: order.from,
      to: order.to,
      call_id: order.callId,
      ...order.variables,
    };
    for (const spec of tools.http) {
      found.push(httpTool(spec, { http: deps.http, clock: deps.clock, signingSecret, variables: values }));
    }
  }
  return [...new Map(found.toReversed().map((tool) => [tool.spec.name, tool])).values()].reverse();
}

async function openCalendar(order: CallOrder, deps: ToolboxDeps): Promise<Tool[]> {
  try {
    const calendar = await deps.calendars.open(order.tenantId);
    return calendarTools(calendar, { clock: deps.clock, timezone: order.timezone });
  } catch (error) {
    deps.log.warn({ err: error, callId: order.callId }, 'calendar left out of the call');
    return [];
  }
}
