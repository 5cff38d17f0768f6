import type { Static } from 'typebox'
import type { InstrumentClass } from '../market/instrument-class.ts'
import { parseSymbol } from '../market/symbol.ts'
import { ALPACA_FEEDS, type AlpacaFeedName } from '../streams/alpaca/endpoints.ts'
import { MASSIVE_MARKETS, type MassiveMarket } from '../streams/massive/symbols.ts'
import { MODES, UPSTOX_MODES, type ModeChoice, type UpstoxPlan } from '../streams/upstox/modes.ts'
import type { BudgetWindow } from '../gateway/budget.ts'
import { budgetIn } from './budgets.ts'
import type { Environment } from './environment.ts'

/** Of the plan that costs nothing: it has one feed. */
const FREE_ALPACA_SYMBOLS = 30

/** Of requests for the past: what the vendor's free plan allows, and what is kind where there is no limit. */
const LIMITS = { ALPACA: '200/minute', MASSIVE: '100/minute', UPSTOX: '15/minute', IBKR: '6/minute' }
const MAX_CLIENT_ID = 2_147_483_647
/** A symbol that is added has a day of trades that never were asked for: whoever tries things out has other uses for his processor. */
const SIMULATED_LIMITS = '60/minute'

/** How a vendor is asked for what its stream missed. */
export type HistoryConfig = { readonly baseUrl: string | undefined; readonly budget: readonly BudgetWindow[] }

export type AlpacaStreamConfig = {
  /** A token is read from its file before each connection: it lives for some minutes. */
  readonly credential: { readonly key: string; readonly secret: string } | { readonly tokenFile: string }
  /** In the order in which they are to be used; at least one. */
  readonly feeds: readonly AlpacaFeedName[]
  readonly baseUrl: string | undefined
  /** Of trades and quotes together, by feed; a feed that is missing has no bound. */
  readonly maxSymbols: Readonly<Partial<Record<AlpacaFeedName, number>>>
  readonly history: HistoryConfig
}

export type MassiveStreamConfig = {
  readonly apiKey: string
  /** Each has a connection of its own; at least one. */
  readonly markets: readonly MassiveMarket[]
  readonly isDelayed: boolean
  readonly baseUrl: string | undefined
  readonly history: HistoryConfig
}

export type TwsStreamConfig = {
  readonly host: string
  readonly port: number
  readonly clientId: number
  readonly timeoutMs: number
  readonly maxLines: number
  /** TWS takes one connection under each number: its bars are asked for over another one. */
  readonly historyClientId: number
  readonly history: Pick<HistoryConfig, 'budget'>
}

export type UpstoxStreamConfig = {
  /** A token is read from its file before each connection: access tokens end every night. */
  readonly credential: { readonly token: string } | { readonly tokenFile: string }
  readonly plan: UpstoxPlan
  readonly modes: ModeChoice
  /** Instruments, in the place of what the modes allow. */
  readonly maxSymbols: number | undefined
  /** Where addresses are asked for, quotes and bars. */
  readonly baseUrl: string | undefined
  readonly history: Pick<HistoryConfig, 'budget'>
}

/** The services of Tiingo that are listened to. */
export type TiingoStreamConfig = {
  readonly token: string
  readonly services: readonly ('iex' | 'boats')[]
  readonly baseUrl: string | undefined
}

/** Vendors that are listened to, as orders name them. */
export const FEED_VENDORS = ['massive', 'ibkr', 'alpaca', 'upstox', 'finnhub', 'tiingo', 'yahoo'] as const
export type FeedVendor = (typeof FEED_VENDORS)[number]

/** Of each class the vendors that may stream it: the first that is well does, the next where it is not. */
export type FeedOrder = Readonly<Record<InstrumentClass, readonly FeedVendor[]>>

export type StreamConfig = {
  readonly order: FeedOrder
  /** Canonical. */
  readonly symbols: readonly string[]
  /** Undefined where there is no key: then it is off. */
  readonly alpaca: AlpacaStreamConfig | undefined
  /** Undefined where there is no key, in the sandbox too. */
  readonly massive: MassiveStreamConfig | undefined
  /** Undefined where no host is named, in the sandbox too. */
  readonly tws: TwsStreamConfig | undefined
  /** Undefined where there is no token, in the sandbox too. */
  readonly upstox: UpstoxStreamConfig | undefined
  /** Undefined where there is no key, in the sandbox too. */
  readonly finnhub:
    { readonly apiKey: string; readonly maxSymbols: number; readonly baseUrl: string | undefined } | undefined
  /** Undefined unless it is asked for. */
  readonly tiingo: TiingoStreamConfig | undefined
  /** The same. */
  readonly yahoo: { readonly baseUrl: string | undefined } | undefined
}

/** What the environment says of vendors that are listened to; adds what is wrong to the problems. */
export function streamConfig(values: Static<typeof Environment>, problems: string[]): StreamConfig {
  return {
    order: {
      stocks: feedOrder('FEED_ORDER_STOCKS', values, problems),
      options: feedOrder('FEED_ORDER_OPTIONS', values, problems),
      crypto: feedOrder('FEED_ORDER_CRYPTO', values, problems),
      others: feedOrder('FEED_ORDER_OTHERS', values, problems)
    },
    symbols: symbolsIn(values.SUBSCRIBED_SYMBOLS, problems),
    alpaca: alpacaConfig(values, problems),
    massive: massiveConfig(values, problems),
    tws: twsConfig(values, problems),
    upstox: upstoxConfig(values, problems),
    finnhub: finnhubConfig(values),
    tiingo: tiingoConfig(values, problems),
    yahoo: yahooConfig(values)
  }
}

function symbolsIn(list: string, problems: string[]): string[] {
  return partsOf(list).flatMap((text) => {
    const symbol = parseSymbol(text)
    if (symbol === undefined) problems.push('SUBSCRIBED_SYMBOLS names something that cannot be a symbol')
    return symbol ?? []
  })
}

function feedOrder(
  variable: `FEED_ORDER_${Uppercase<InstrumentClass>}`,
  values: Static<typeof Environment>,
  problems: string[]
): FeedVendor[] {
  const parts = partsOf(values[variable])
  const vendors = parts.flatMap((text) => FEED_VENDORS.find((name) => name === text) ?? [])
  if (vendors.length < parts.length) problems.push(`${variable} must name vendors of ${FEED_VENDORS.join(', ')}`)
  return vendors
}

function alpacaConfig(values: Static<typeof Environment>, problems: string[]): AlpacaStreamConfig | undefined {
  const { MARKET, SANDBOX_URL, ALPACA_STREAM_URL, ALPACA_MAX_SYMBOLS } = values
  const feeds = partsOf(values.ALPACA_FEED).flatMap((text) => ALPACA_FEEDS.find((name) => name === text) ?? [])
  if (feeds.length === 0 || feeds.length < partsOf(values.ALPACA_FEED).length) {
    problems.push(`ALPACA_FEED must name feeds of ${ALPACA_FEEDS.join(', ')}`)
  }
  const credential = alpacaCredential(values, problems)
  const isSandbox = MARKET === 'sandbox'
  const baseUrl = ALPACA_STREAM_URL ?? (isSandbox ? sandboxUrl(SANDBOX_URL, 'alpaca-stream') : undefined)
  const free = isSandbox ? {} : { iex: FREE_ALPACA_SYMBOLS }
  const maxSymbols =
    ALPACA_MAX_SYMBOLS === undefined ? free : Object.fromEntries(feeds.map((feed) => [feed, ALPACA_MAX_SYMBOLS]))
  const history = historyConfig('ALPACA', values, problems)
  return credential && { credential, feeds, baseUrl, maxSymbols, history }
}

function alpacaCredential(
  { MARKET, ALPACA_KEY_ID, ALPACA_SECRET_KEY, ALPACA_TOKEN_FILE }: Static<typeof Environment>,
  problems: string[]
): AlpacaStreamConfig['credential'] | undefined {
  if ((ALPACA_KEY_ID === undefined) !== (ALPACA_SECRET_KEY === undefined)) {
    problems.push('ALPACA_KEY_ID and ALPACA_SECRET_KEY must be set together')
  }
  if (ALPACA_KEY_ID !== undefined && ALPACA_TOKEN_FILE !== undefined) {
    problems.push('ALPACA_TOKEN_FILE stands in the place of ALPACA_KEY_ID and ALPACA_SECRET_KEY')
  }
  if (MARKET === 'sandbox') return { key: 'sandbox', secret: 'sandbox' }
  if (ALPACA_TOKEN_FILE !== undefined) return { tokenFile: ALPACA_TOKEN_FILE }
  const [key, secret] = [ALPACA_KEY_ID, ALPACA_SECRET_KEY]
  return key === undefined || secret === undefined ? undefined : { key, secret }
}

function massiveConfig(values: Static<typeof Environment>, problems: string[]): MassiveStreamConfig | undefined {
  const { MARKET, SANDBOX_URL, MASSIVE_API_KEY: apiKey, MASSIVE_DELAYED: isDelayed, MASSIVE_STREAM_URL } = values
  const parts = partsOf(values.MASSIVE_MARKETS)
  const markets = parts.flatMap((text) => MASSIVE_MARKETS.find((name) => name === text) ?? [])
  if (markets.length === 0 || markets.length < parts.length) {
    problems.push(`MASSIVE_MARKETS must name markets of ${MASSIVE_MARKETS.join(', ')}`)
  }
  const standIn = `massive-stream${isDelayed ? '/delayed' : ''}`
  const baseUrl = MASSIVE_STREAM_URL ?? (MARKET === 'sandbox' ? sandboxUrl(SANDBOX_URL, standIn) : undefined)
  const history = historyConfig('MASSIVE', values, problems)
  return apiKey === undefined ? undefined : { apiKey, markets, isDelayed, baseUrl, history }
}

/** Of paper trading. */
const TWS_PORT = 7497
const HOST = /^[A-Za-z0-9.-]+$|^[0-9A-Fa-f:.]+$/

function twsConfig(values: Static<typeof Environment>, problems: string[]): TwsStreamConfig | undefined {
  const { MARKET, SANDBOX_URL, IBKR_HOST, IBKR_PORT, IBKR_CLIENT_ID, IBKR_TIMEOUT, IBKR_MAX_LINES } = values
  const { IBKR_HISTORY_CLIENT_ID = (IBKR_CLIENT_ID + 1) % MAX_CLIENT_ID } = values
  if (IBKR_HOST === undefined) return undefined
  if (!HOST.test(IBKR_HOST)) problems.push('IBKR_HOST must be the name or the address of a host')
  const simulated = MARKET === 'sandbox' ? new URL(SANDBOX_URL) : undefined
  return {
    // A real one is never asked for a simulated market.
    host: simulated?.hostname.replaceAll(/[[\]]/g, '') ?? IBKR_HOST,
    // Simulated TWS has a port of its own, behind that of all other simulated vendors.
    port: IBKR_PORT ?? (simulated ? Number(simulated.port || 80) + 1 : TWS_PORT),
    clientId: IBKR_CLIENT_ID,
    timeoutMs: IBKR_TIMEOUT,
    maxLines: IBKR_MAX_LINES,
    historyClientId: IBKR_HISTORY_CLIENT_ID,
    history: { budget: budgetOf('IBKR', values, problems) }
  }
}

function upstoxConfig(values: Static<typeof Environment>, problems: string[]): UpstoxStreamConfig | undefined {
  const { MARKET, SANDBOX_URL, UPSTOX_TOKEN, UPSTOX_TOKEN_FILE, UPSTOX_PLAN: plan, UPSTOX_MAX_SYMBOLS } = values
  const parts = partsOf(values.UPSTOX_MODE)
  const [first, second, ...others] = parts.flatMap((text) => UPSTOX_MODES.find((name) => name === text) ?? [])
  if (!first || others.length > 0 || parts.length > (second ? 2 : 1)) {
    problems.push(`UPSTOX_MODE must name one or two modes of ${UPSTOX_MODES.join(', ')}`)
    return undefined
  }
  if (second && !MODES[first].hasBook) {
    problems.push('UPSTOX_MODE must name a mode with bids and offers first, where it names two')
  }
  if (plan === 'basic' && [first, second].some((mode) => mode && MODES[mode].plan === 'plus')) {
    problems.push('UPSTOX_MODE full_d30 needs UPSTOX_PLAN=plus')
  }
  if (UPSTOX_TOKEN !== undefined && UPSTOX_TOKEN_FILE !== undefined) {
    problems.push('UPSTOX_TOKEN_FILE stands in the place of UPSTOX_TOKEN')
  }
  const baseUrl =
    values.UPSTOX_BASE_URL ?? (MARKET === 'sandbox' ? `${SANDBOX_URL.replace(/\/$/, '')}/upstox` : undefined)
  const modes = second ? ([first, second] as const) : ([first] as const)
  const history = { budget: budgetOf('UPSTOX', values, problems) }
  const rest = { plan, modes, maxSymbols: UPSTOX_MAX_SYMBOLS, history }
  if (UPSTOX_TOKEN_FILE !== undefined) return { credential: { tokenFile: UPSTOX_TOKEN_FILE }, ...rest, baseUrl }
  return UPSTOX_TOKEN === undefined ? undefined : { credential: { token: UPSTOX_TOKEN }, ...rest, baseUrl }
}

function finnhubConfig(values: Static<typeof Environment>): StreamConfig['finnhub'] {
  const { MARKET, SANDBOX_URL, FINNHUB_STREAM_URL, FINNHUB_API_KEY: apiKey, FINNHUB_MAX_SYMBOLS: maxSymbols } = values
  const standIn = MARKET === 'sandbox' ? sandboxUrl(SANDBOX_URL, 'finnhub-stream') : undefined
  return apiKey === undefined ? undefined : { apiKey, maxSymbols, baseUrl: FINNHUB_STREAM_URL ?? standIn }
}

function tiingoConfig(values: Static<typeof Environment>, problems: string[]): StreamConfig['tiingo'] {
  const { MARKET, SANDBOX_URL, TIINGO_STREAM, TIINGO_BOATS, TIINGO_STREAM_URL, TIINGO_API_KEY } = values
  const services: TiingoStreamConfig['services'][number][] = []
  if (TIINGO_STREAM === 'on') services.push('iex')
  if (TIINGO_BOATS === 'on') services.push('boats')
  if (services.length === 0) return undefined
  const isSandbox = MARKET === 'sandbox'
  const token = TIINGO_API_KEY ?? (isSandbox ? 'sandbox' : undefined)
  if (token === undefined) problems.push('TIINGO_STREAM and TIINGO_BOATS need TIINGO_API_KEY')
  const baseUrl = TIINGO_STREAM_URL ?? (isSandbox ? sandboxUrl(SANDBOX_URL, 'tiingo-stream') : undefined)
  return token === undefined ? undefined : { token, services, baseUrl }
}

function yahooConfig({ MARKET, SANDBOX_URL, YAHOO_STREAM, YAHOO_STREAM_URL }: Static<typeof Environment>) {
  if (YAHOO_STREAM === 'off') return undefined
  return { baseUrl: YAHOO_STREAM_URL ?? (MARKET === 'sandbox' ? sandboxUrl(SANDBOX_URL, 'yahoo-stream') : undefined) }
}

function historyConfig(
  vendor: 'ALPACA' | 'MASSIVE',
  values: Static<typeof Environment>,
  problems: string[]
): HistoryConfig {
  const { MARKET, SANDBOX_URL } = values
  const standIn = `${SANDBOX_URL.replace(/\/$/, '')}/${vendor.toLowerCase()}`
  return {
    baseUrl: values[`${vendor}_BASE_URL`] ?? (MARKET === 'sandbox' ? standIn : undefined),
    budget: budgetOf(vendor, values, problems)
  }
}

function budgetOf(vendor: keyof typeof LIMITS, values: Static<typeof Environment>, problems: string[]) {
  const variable = `${vendor}_LIMITS` as const
  return budgetIn(
    variable,
    values[variable] ?? (values.MARKET === 'sandbox' ? SIMULATED_LIMITS : LIMITS[vendor]),
    problems
  )
}

const sandboxUrl = (url: string, vendor: string): string => `${url.replace(/^http/, 'ws').replace(/\/$/, '')}/${vendor}`

const partsOf = (list: string): string[] =>
  [...new Set(list.split(',').map((part) => part.trim()))].filter((part) => part !== '')
