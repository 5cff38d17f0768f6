import { Type } from 'typebox'
import { formatInstantNs, parseInstantNs, type InstantNs } from './instant-ns.ts'
import { Feed } from './provenance.ts'
import { isoOf } from './time.ts'

/** The part of a session's day that a tick falls into; the closing auction is `regular`. */
export const TickSession = Type.Enum(['pre', 'regular', 'post', 'overnight'])

/**
 * What every tick says of itself, whatever it tells: where it stands in time and order, and who told it.
 * `asOf` has up to nine digits of a second.
 */
export const tickProperties = {
  symbol: Type.String({ description: 'Canonical symbol' }),
  asOf: Type.String({
    format: 'date-time',
    description: "The vendor's instant, UTC, with up to nine digits of a second",
    examples: ['2026-11-30T14:30:00.123456789Z']
  }),
  sequence: Type.Integer({
    minimum: 0,
    description:
      "Orders ticks of one instant: the vendor's number, or, where it has none, the number in which it arrived"
  }),
  fence: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'Where `sequence` counts arrivals: which owner of the upstream connection counted; later ones are greater'
    })
  ),
  tradeDate: Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}$',
    description: 'Date of the session (YYYY-MM-DD): after 20:00 in New York it is the next one'
  }),
  session: Type.Optional(TickSession),
  tape: Type.Optional(
    Type.String({
      pattern: '^\\S+$',
      description: 'A (NYSE), B (other exchanges), C (Nasdaq); N overnight, O unlisted'
    })
  ),
  source: Type.String({ description: 'The provider that gave it' }),
  feed: Feed,
  receivedAt: Type.String({ format: 'date-time', description: 'When this server got it, UTC' })
}

/** A venue as ticks name it. */
export const Venue = Type.String({
  pattern: '^\\S+$',
  description: "MIC of the venue or of its reporting facility; where it is not known, the vendor's code",
  examples: ['XNAS', 'FINN']
})

type Stamped = { readonly asOf: string; readonly receivedAt: string }

/** A trade, quotation or halt inside of the server: as its shape says, with instants as numbers (receivedAt epoch ms). */
export type Tick<Shape extends Stamped> = Omit<Shape, 'asOf' | 'receivedAt'> & {
  readonly asOf: InstantNs
  readonly receivedAt: number
}

/** What clients read of a tick. */
export function shapeOfTick<Shape extends Stamped>(tick: Tick<Shape>): Shape {
  // TypeScript cannot tell that the two members complete the shape.
  return {
    ...tick,
    asOf: formatInstantNs(tick.asOf),
    receivedAt: isoOf(tick.receivedAt)
  } as unknown as Shape
}

/** Throws RangeError where an instant of the shape cannot be read. */
export function tickOfShape<Shape extends Stamped>(shape: Shape): Tick<Shape> {
  const asOf = parseInstantNs(shape.asOf)
  const receivedAt = Date.parse(shape.receivedAt)
  if (!asOf || Number.isNaN(receivedAt)) throw new RangeError(`${shape.asOf} or ${shape.receivedAt} is no instant`)
  return { ...shape, asOf, receivedAt }
}
