import type { Failure } from '../hub/protocol.ts'

const MAX_NAME_LENGTH = 64

/** A frame of a client: the name of an event, and what it is about. */
export type PlainFrame = { readonly event: string; readonly id: string | number | undefined; readonly data: unknown }

/** Reads what a client sent. Never throws. `id` is the frame's own, where it has a usable one. */
export function readPlainFrame(
  bytes: Buffer
): { readonly frame: PlainFrame } | { readonly failure: Failure; readonly id: string | number | undefined } {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    return { failure: { code: 'NOT_JSON', message: 'The frame is not JSON' }, id: undefined }
  }
  const {
    event,
    id: given,
    data
  } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const isUsable = typeof given === 'number' || (typeof given === 'string' && given.length <= MAX_NAME_LENGTH)
  const id = isUsable ? given : undefined
  if (typeof event === 'string' && event.length <= MAX_NAME_LENGTH) return { frame: { event, id, data } }
  const message = 'Send {"event":"subscribe","data":{"symbols":["AAPL"]}}, or unsubscribe'
  return { failure: { code: 'INVALID_FRAME', message, details: { field: 'event' } }, id }
}
