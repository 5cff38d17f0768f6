import type { IncomingMessage } from 'node:http'

/**
 * Headers that may come once. Node takes the first of several; a proxy in front may have looked at the last, and let pass
 * what it means to stop.
 */
const SINGLE = new Set(['host', 'authorization', 'x-api-key'])
const LENGTHS = new Set([...SINGLE].map(({ length }) => length))

/** The name of a header that a request must not repeat, and does. */
export function repeatedHeader({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  const seen: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!LENGTHS.has(rawHeaders[at]!.length)) continue
    const name = rawHeaders[at]!.toLowerCase()
    if (!SINGLE.has(name)) continue
    if (seen.includes(name)) return name
    seen.push(name)
  }
  return undefined
}
