// Which addresses of the network may be called for a customer: those of the public internet, and nobody's inside. The ranges
// are those of the IANA registries of special-purpose addresses.

import { BlockList, isIPv4, isIPv6 } from 'node:net';

const NOT_PUBLIC_V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind a provider's NAT
  '127.0.0.0/8', // this machine
  '169.254.0.0/16', // link-local; clouds keep credentials at 169.254.169.254
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];
/** Only what is handed out, 2000::/3, is public at all; of that not these. */
const PUBLIC_V6 = '2000::/3';
const NOT_PUBLIC_V6 = [
  '2001::/23', // protocol assignments, Teredo
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address in disguise
  '3fff::/20', // documentation
];

const blocked = new BlockList();
for (const range of NOT_PUBLIC_V4) blocked.addSubnet(...partsOf(range), 'ipv4');
for (const range of NOT_PUBLIC_V6) blocked.addSubnet(...partsOf(range), 'ipv6');
const global = new BlockList();
global.addSubnet(...partsOf(PUBLIC_V6), 'ipv6');

export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !blocked.check(address, 'ipv4');
  // An IPv4 address that is written as IPv6 (::ffff:127.0.0.1) is outside 2000::/3.
  return isIPv6(address) && global.check(address, 'ipv6') && !blocked.check(address, 'ipv6');
}

function partsOf(range: string): [address: string, bits: number] {
  const [address = '', bits] = range.split('/');
  return [address, Number(bits)];
}
