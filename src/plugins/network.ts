import { isIPv6 } from 'node:net'

/**
 * What a limit on an address is kept for: an IPv6 subscriber has a whole /64 to choose addresses from; of IPv4 there is
 * one.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - tail.split(':').length
  return [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail?.split(':') ?? [])].slice(0, 4).join(':')
}
