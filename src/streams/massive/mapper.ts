import type { MarketEvent } from '../../market/event.ts'
import { isoOf } from '../../market/time.ts'
import { jsonCodec } from '../codec.ts'
import { FieldError, isWire, type Wire } from '../fields.ts'
import { KnownSymbols } from '../known-symbols.ts'
import type { Frame, Mapper, Refusal, RefusalReason } from '../mapper.ts'
import { KINDS, type Kind } from './kinds.ts'
import { symbolOf } from './symbols.ts'
import type { Context, MassiveMapperOptions } from './tick.ts'

const MAX_NAME_LENGTH = 16
/** Of one frame no more are told than this. */
const MAX_UNKNOWN_FIELDS = 20
const STATUS = 'status'

/** Every frame is a list of messages of mixed kinds, and `ev` says which: a trade is `T`, but of coins `XT`. */
export function massiveMapper(options: MassiveMapperOptions): Mapper {
  const kinds = KINDS[options.market]
  const symbols = new KnownSymbols((ticker) => symbolOf(options.market, ticker))

  return (frame, arrival) => {
    const events: MarketEvent[] = []
    const control: unknown[] = []
    const refusals: Refusal[] = []
    const unknownFields = new Set<string>()
    const context: Context = { ...options, arrival, receivedAt: isoOf(arrival.receivedAt) }
    const refuse = (reason: RefusalReason, detail: string, kind?: string) =>
      refusals.push({ reason, ...(kind !== undefined && { kind: cut(kind) }), detail })

    function read(message: unknown): void {
      if (!isWire(message) || typeof message.ev !== 'string') return void refuse('malformed', 'a message has no ev')
      const { ev } = message
      if (ev === STATUS) return void control.push(message)
      const kind = kinds.get(ev)
      if (!kind) return void refuse('unknown_type', 'there is no such kind of message in this market', ev)
      noteUnknownFields(message, kind)
      const problem = kind.problemOf(message)
      if (problem !== undefined) return void refuse('bad_field', problem, ev)
      if (!kind.read) return void refuse('unused', 'nothing is made of such messages', ev)
      const symbol = symbols.of(String(message[kind.tickerField]))
      if (symbol === undefined) return void refuse('bad_symbol', `${kind.tickerField} is no ticker of this market`, ev)
      try {
        events.push(kind.read(message, symbol, context))
      } catch (error) {
        if (!(error instanceof FieldError)) throw error
        refuse('bad_field', error.message, ev)
      }
    }

    function noteUnknownFields(message: Wire, kind: Kind): void {
      for (const field in message) {
        const isNews = !kind.knows(field) && unknownFields.size < MAX_UNKNOWN_FIELDS
        if (isNews) unknownFields.add(`${String(message.ev)}.${cut(field)}`)
      }
    }

    const messages = messagesIn(frame)
    if (typeof messages === 'string') refuse('malformed', messages)
    else for (const message of messages) read(message)
    return { events, news: [], control, refusals, unknownFields: [...unknownFields] }
  }
}

/** The messages of a frame, or what is wrong with it. */
function messagesIn(frame: Frame): unknown[] | string {
  try {
    const messages = jsonCodec.decode(frame)
    return Array.isArray(messages) ? messages : 'the frame is no list'
  } catch {
    return 'the frame cannot be decoded'
  }
}

const cut = (name: string): string => name.slice(0, MAX_NAME_LENGTH)
