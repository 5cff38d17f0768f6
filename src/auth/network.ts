import { isIPv4, isIPv6, type Socket } from 'node:net'

const WITH_PORT = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?$/
const ZONE = /%.*$/
/** As a URL spells an IPv4 address that an IPv6 one stands for. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/

/**
 * The IP address that a text spells, in one spelling for all: without brackets, port and zone, IPv6 as short as it can be,
 * and an IPv4 address that IPv6 maps as IPv4. Undefined where it spells none.
 */
export function addressIn(text: string): string | undefined {
  const [, bracketed, beforePort] = WITH_PORT.exec(text.trim()) ?? []
  const plain = (bracketed ?? beforePort ?? text.trim()).replace(ZONE, '')
  if (isIPv4(plain)) return plain
  if (!isIPv6(plain)) return undefined
  const short = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [, high, low] = MAPPED.exec(short) ?? []
  if (high === undefined || low === undefined) return short
  return [high, low].flatMap((part) => [parseInt(part, 16) >> 8, parseInt(part, 16) & 0xff]).join('.')
}

/** Where a request came from: what the proxy says, where it is trusted and says an address; else the socket's own; a Unix socket has none. */
export function addressOf({ ip, socket }: { ip: string | undefined; socket: Pick<Socket, 'remoteAddress'> }): string {
  return addressIn(ip ?? '') ?? addressIn(socket.remoteAddress ?? '') ?? ''
}

/**
 * What a limit on an address is kept for: an IPv6 subscriber has a whole /64 to choose addresses from; of IPv4 there is
 * one.
 */
export function networkOf(address: string): string {
  const plain = addressIn(address) ?? address
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - tail.split(':').length
  return [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail?.split(':') ?? [])].slice(0, 4).join(':')
}
