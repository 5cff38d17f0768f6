import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { MAX_SYMBOL_LENGTH } from '../market/symbol.ts'
import { DAY_MS } from '../market/time.ts'
import type { Exchange } from './exchange.ts'
import { keyOf, uniform } from './noise.ts'
import type { SimulatedQuote } from './quotes.ts'
import { STREAM_VENDOR_NAMES, TWS, type StreamVendorName } from './streams/stream-vendor-names.ts'
import { VENDOR_NAMES, type MarketView, type VendorName } from './vendors/vendor.ts'

const MAX_SCENARIOS = 100
const MAX_DELAY_MS = 600_000
const DEFAULT_PRICE_FACTOR = 100
const DEFAULT_AGE_MS = DAY_MS

/** What can go wrong, and what each needs is optional: without `symbol` or `path` it is everything of the vendor. */
export const Scenario = Type.Object(
  {
    vendor: Type.Enum([...VENDOR_NAMES, ...STREAM_VENDOR_NAMES, TWS, 'all']),
    scenario: Type.Enum([
      'rate_limited',
      'server_error',
      'plan_refused',
      'bad_crumb',
      'html',
      'mute',
      'down',
      'latency',
      'wrong_price',
      'stale_price',
      'unknown_symbol',
      'partial_batch',
      'half_open',
      'slow_client',
      'evicted',
      'late_trade',
      'trade_correction',
      'trade_cancel',
      'halt',
      'resume',
      'upstream_lost',
      'farm_broken'
    ]),
    path: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'Only requests whose path or function holds this text' })
    ),
    symbol: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_SYMBOL_LENGTH, description: 'Canonical' })),
    probability: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, description: '1 unless told' })),
    count: Type.Optional(Type.Integer({ minimum: 1, description: 'So many requests, then it is over' })),
    delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS, description: 'Of latency' })),
    jitterMs: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS, description: 'Added to delayMs, up to' })
    ),
    factor: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Of wrong_price; 100 unless told' })),
    ageMs: Type.Optional(Type.Integer({ minimum: 1, description: 'Of stale_price; a day unless told' })),
    retryAfterSeconds: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Of rate_limited; no header unless told' })
    )
  },
  { additionalProperties: false }
)
export type Scenario = Static<typeof Scenario>
export type ActiveScenario = Scenario & { readonly id: number; readonly hits: number }

const checked = Compile(Scenario)
/** These change what the vendor says; the others change whether it says anything. */
const DATA_SCENARIOS = new Set<Scenario['scenario']>(['wrong_price', 'stale_price', 'unknown_symbol', 'partial_batch'])
const NEEDS_SYMBOL = new Set<Scenario['scenario']>(['unknown_symbol', 'partial_batch'])

/** A scenario that cannot be: the message says which member and what it may be. */
export class ScenarioError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ScenarioError'
  }
}

/** Throws ScenarioError for anything that does not describe a scenario. */
export function parseScenario(input: unknown): Scenario {
  if (!checked.Check(input)) throw new ScenarioError(problemOf(input))
  if (NEEDS_SYMBOL.has(input.scenario) && !input.symbol) throw new ScenarioError(`${input.scenario} needs a symbol`)
  if (input.scenario === 'latency' && input.delayMs === undefined) throw new ScenarioError('latency needs delayMs')
  return input
}

function problemOf(input: unknown): string {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'The body must be a JSON object'
  const unknown = Object.keys(input).find((name) => !(name in Scenario.properties))
  if (unknown !== undefined)
    return `There is no member ${unknown}; there are ${Object.keys(Scenario.properties).join(', ')}`
  const [error] = checked.Errors(input)
  const allowed =
    error && 'allowedValues' in error.params ? ` (${(error.params.allowedValues as string[]).join(', ')})` : ''
  return `${error?.instancePath.slice(1) || 'The body'} ${error?.message ?? 'is not a scenario'}${allowed}`
}

/** The scenarios that are on. They apply in the order in which they came. */
export class Scenarios {
  readonly #active: ActiveScenario[] = []
  readonly #seed: number
  #lastId = 0
  #draws = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Throws ScenarioError when there are too many. */
  add(scenario: Scenario): ActiveScenario {
    if (this.#active.length >= MAX_SCENARIOS) throw new ScenarioError(`No more than ${MAX_SCENARIOS} scenarios at once`)
    const active = { ...scenario, id: ++this.#lastId, hits: 0 }
    this.#active.push(active)
    return active
  }

  list(): readonly ActiveScenario[] {
    return this.#active.map((scenario) => ({ ...scenario }))
  }

  /** Ends one scenario, or all of them. Returns whether there was one to end. */
  end(id?: number): boolean {
    const before = this.#active.length
    const kept = id === undefined ? [] : this.#active.filter((scenario) => scenario.id !== id)
    this.#active.splice(0, before, ...kept)
    return kept.length < before
  }

  /** Those that apply to a request, or to a tick of a stream, now; each is counted, and ends with its last count. */
  drawFor(vendor: VendorName | StreamVendorName | typeof TWS, endpoint: string): ActiveScenario[] {
    const drawn = this.#active.filter((scenario) => {
      if (scenario.vendor !== 'all' && scenario.vendor !== vendor) return false
      if (scenario.path && !endpoint.includes(scenario.path)) return false
      return scenario.probability === undefined || this.random() < scenario.probability
    })
    for (const scenario of drawn) {
      const hits = scenario.hits + 1
      if (hits === scenario.count) this.end(scenario.id)
      else this.#active[this.#active.indexOf(scenario)] = { ...scenario, hits }
    }
    return drawn
  }

  /** Seeded, so that a storm of a given probability falls on the same requests each time. */
  random(): number {
    return uniform(keyOf(this.#seed, 'scenarios'), this.#draws++)
  }
}

/** The exchange as a request under the given scenarios sees it. */
export function viewUnder(exchange: Exchange, scenarios: readonly Scenario[]): MarketView {
  const telling = scenarios.filter(({ scenario }) => DATA_SCENARIOS.has(scenario))
  const about = (kind: Scenario['scenario'], symbol: string) =>
    telling.find((each) => each.scenario === kind && (each.symbol === undefined || each.symbol === symbol))
  return {
    ...exchange,
    find: (symbol) => (about('unknown_symbol', symbol) ? undefined : exchange.find(symbol)),
    quote(instrument, at = exchange.now()) {
      const stale = about('stale_price', instrument.symbol)
      const wrong = about('wrong_price', instrument.symbol)
      const quote = exchange.quote(instrument, stale ? at - (stale.ageMs ?? DEFAULT_AGE_MS) : at)
      return wrong ? scaled(quote, wrong.factor ?? DEFAULT_PRICE_FACTOR) : quote
    },
    spoiled: (symbol) => about('partial_batch', symbol) !== undefined
  }
}

/** Every price of the quote, so that nothing within it gives the mistake away, as when pence are taken for pounds. */
function scaled(quote: SimulatedQuote, factor: number): SimulatedQuote {
  return {
    ...quote,
    price: quote.price * factor,
    previousClose: quote.previousClose * factor,
    change: quote.change * factor,
    open: quote.open * factor,
    dayHigh: quote.dayHigh * factor,
    dayLow: quote.dayLow * factor,
    bid: quote.bid * factor,
    ask: quote.ask * factor,
    ...(quote.extended && { extended: { ...quote.extended, price: quote.extended.price * factor } })
  }
}
