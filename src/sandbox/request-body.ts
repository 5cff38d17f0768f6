import type { IncomingMessage } from 'node:http'

export const MAX_BODY_BYTES = 64 * 1024

/** Calls back with undefined where the body is too long. */
export function readBody(incoming: IncomingMessage, done: (text: string | undefined) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  })
  incoming.on('end', () => done(bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString()))
}
