import ipaddr from 'ipaddr.js';

/** Public by number, but a cloud's own service to its machines (Azure's wire server). */
const CLOUD_SERVICES = new Set(['168.63.129.16']);

/** Globally routed IPv6 space (RFC 4291); whatever is outside has a special meaning or none yet. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/**
 * Whether an address is on the public internet. False for private, loopback, link-local (metadata services among
 * them), shared (carrier NAT), multicast, reserved and documentation ranges, and for IPv6 forms that hold an IPv4
 * address (mapped, compatible, NAT64, 6to4, Teredo): these would reach the address inside. False for non-addresses.
 */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!ipaddr.isValid(plain) || CLOUD_SERVICES.has(plain)) return false;
  const parsed = ipaddr.parse(plain);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST);
}
