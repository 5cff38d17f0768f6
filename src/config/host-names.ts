import { isIPv6 } from 'node:net'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
/** A server that listens on these is reached by any name. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::'])
const HOST_NAME = /^(\[[\da-f:.]+\]|[a-z\d]([a-z\d.-]*[a-z\d])?)$/

/**
 * By which names a server may be called that listens on `host`: its own, those of this machine, and those of a comma-separated
 * list. A page that a browser was led to by another name (DNS rebinding) calls it by that one.
 */
export function hostNamesIn(list: string, host: string, problems: string[]): string[] {
  const named = list.split(',').flatMap((entry) => entry.trim().toLowerCase() || [])
  const wrong = named.findIndex((name) => !HOST_NAME.test(name))
  if (wrong >= 0) {
    problems.push(
      `MCP_ALLOWED_HOSTS entry ${wrong + 1} must be a host without scheme, port or path: quotes.example.com`
    )
  }
  const own = ANY_ADDRESS.has(host) ? [] : [isIPv6(host) ? `[${host}]` : host.toLowerCase()]
  return [...new Set([...LOOPBACK, ...own, ...named])]
}
