import fc from 'fast-check'
import type { Type } from 'typebox'
import { MarketEvent, QuoteUpdate } from '../../src/market/event.ts'

const EDGES = [0, -0, 0.1, 1e-7, 1e21, 123.456, Number.NaN, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, -5.25]
const number = fc.oneof(fc.constantFrom(...EDGES), fc.double(), fc.integer())
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('Größe – 株', '"\\\n', '\ud800', 'x'.repeat(300), '0', '007', '52983525029461', '9007199254740993')
)
const inMs = fc.oneof(
  fc.date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true }),
  fc.nat(200_000_000).map((ms) => new Date(Date.now() - ms))
)
const instant = fc
  .tuple(inMs, fc.constantFrom('', '000', '120', '000001', '987654', 'no digits'))
  .map(([date, more]) => {
    const text = date.toISOString()
    return more === 'no digits' ? `${text.slice(0, 19)}Z` : `${text.slice(0, -1)}${more}Z`
  })
const day = fc
  .date({ min: new Date('1960-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

type Schema = Type.TSchema & {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly format?: string
  readonly pattern?: string
}

/** Any value of a shape, its keys in the shape's order. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valueOf))
  if (schema.type === 'array') {
    const any = fc.array(valueOf(schema.items!), { maxLength: 4 })
    // Lists of names have each once, in their order, as far as we make them.
    return schema.items!.enum ? fc.oneof({ weight: 3, arbitrary: fc.subarray([...schema.items!.enum]) }, any) : any
  }
  if (schema.type === 'integer') return fc.oneof(fc.nat(), fc.maxSafeNat())
  if (schema.type === 'number') return number
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'string') return stringOf(schema)
  if (schema.properties) return objectOf(schema.properties, schema.required ?? [])
  return fc.string()
}

function stringOf({ format, pattern }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return instant
  if (pattern === undefined) return text
  if (pattern.startsWith('^\\d{4}-')) return day
  return fc.oneof(fc.stringMatching(/^\S+$/), fc.constantFrom('A', 'XNAS', 'FINN'))
}

function objectOf(properties: Readonly<Record<string, Schema>>, required: readonly string[]): fc.Arbitrary<unknown> {
  const keys = Object.keys(properties)
  const values = keys.map((key) =>
    required.includes(key) ? valueOf(properties[key]!) : fc.option(valueOf(properties[key]!), { nil: ABSENT })
  )
  return fc
    .tuple(...values)
    .map((all) => Object.fromEntries(keys.flatMap((key, at) => (all[at] === ABSENT ? [] : [[key, all[at]]]))))
}

const ABSENT = Symbol('absent')

/** The shape of an event's tick or value, which says again what the event does. */
function consistent(event: MarketEvent, isConsistent: boolean): MarketEvent {
  if (!isConsistent) return event
  const { data } = event as unknown as { data: Record<string, Record<string, unknown> & string> }
  const value = data['quote'] ?? data['trade'] ?? data['bbo']
  if (!value) return event
  value['symbol'] = data['symbol']
  data['timestamp'] = value['asOf'] as never
  return event
}

const eventOf = (schema: Schema): fc.Arbitrary<MarketEvent> =>
  fc
    .tuple(valueOf(schema) as fc.Arbitrary<MarketEvent>, fc.nat(9))
    .map(([event, digit]) => consistent(event, digit > 0))

/** Any event; most say symbol and instant twice, as events do, and some twice differently. */
export const anyEvent = eventOf(MarketEvent)

/** Any quote; most say symbol and instant twice, as they do. */
export const anyQuote = eventOf(QuoteUpdate) as fc.Arbitrary<QuoteUpdate>
