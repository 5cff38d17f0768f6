import type { Subscribe } from './client-protocol.ts'

/** Each kind of subscription has a cursor of its own. */
export type Kind = Subscribe['data']['type']
export const KINDS: readonly Kind[] = ['stock_quotes', 'market_data']

/** Between the cursors of symbols and of channels; no cursor has it. */
const SEPARATOR = '~'
const TYPE_AT = '{"type":"'.length
const QUOTE = 0x22
const CURSOR = ',"cursor":"'
const END = '"}'
const CHANNEL_EVENTS = new Set([
  'indices_update',
  'sectors_update',
  'movers_update',
  'sentiment_update',
  'market_status'
])
/** What else is of channels says so at the beginning of its data, as `snapshot.ts` and `resumption.ts` write it. */
const OF_CHANNELS = /^\{"type":"\w+","data":\{("channel"|"type":"market_data")/
const MAX_HEAD_BYTES = 64

/** The cursors of kinds as one text, and back; undefined where there are not as many as kinds. */
export const joinCursors = (cursors: readonly string[]): string => cursors.join(SEPARATOR)
export function splitCursors(text: string, count: number): string[] | undefined {
  const cursors = text.split(SEPARATOR)
  return cursors.length === count ? cursors : undefined
}

/**
 * Where a client of several kinds can go on from, frame by frame: with the newest cursor of each. A kind that begins without a
 * cursor has none before all that was asked for of it was sent; until then there is no place.
 */
export class ResumePlaces {
  readonly #cursors: Map<Kind, string | undefined>
  /** Kinds whose first state is to come. */
  readonly #awaited: Set<Kind>

  constructor(kinds: ReadonlyMap<Kind, string | undefined>) {
    this.#cursors = new Map(kinds)
    this.#awaited = new Set([...kinds].flatMap(([kind, since]) => (since === undefined ? [kind] : [])))
  }

  begun(kind: Kind): void {
    this.#awaited.delete(kind)
  }

  /** Reads a frame's JSON; `id` is where to go on from behind it, where the frame has a place in the log. */
  read(payload: Buffer): { readonly type: string; readonly id: string | undefined } {
    const type = payload.toString('latin1', TYPE_AT, payload.indexOf(QUOTE, TYPE_AT))
    const cursor = cursorOf(payload)
    if (cursor === undefined) return { type, id: undefined }
    this.#cursors.set(kindOf(type, payload), cursor)
    const cursors = [...this.#cursors.values()].filter((each) => each !== undefined)
    const isPlace = this.#awaited.size === 0 && cursors.length === this.#cursors.size
    return { type, id: isPlace ? joinCursors(cursors) : undefined }
  }
}

/** It is the last member of a frame that has one. */
function cursorOf(payload: Buffer): string | undefined {
  const at = payload.lastIndexOf(CURSOR)
  if (at < 0) return undefined
  const from = at + CURSOR.length
  const to = payload.length - END.length
  return payload.indexOf(QUOTE, from) === to ? payload.toString('latin1', from, to) : undefined
}

function kindOf(type: string, payload: Buffer): Kind {
  const isOfChannels = CHANNEL_EVENTS.has(type) || OF_CHANNELS.test(payload.toString('latin1', 0, MAX_HEAD_BYTES))
  return isOfChannels ? 'market_data' : 'stock_quotes'
}
