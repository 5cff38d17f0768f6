import type { ProviderName } from '../providers/provider.ts'
import type { Recording } from './recording.ts'

/** What a request asks a vendor: the endpoint without its symbols, the symbols, and the other parameters. */
export type Asked = {
  readonly endpoint: string
  /** Upper case. Empty where the endpoint takes none. */
  readonly symbols: readonly string[]
  readonly parameters: ReadonlyMap<string, string>
}

/** Parameters whose difference makes an answer wrong, and not merely longer or shorter. */
const DECISIVE = ['interval', 'resamplefreq', 'scrids', 'period', 'q', 'query', 'keywords', 'date', 'expiration']

/** A recording of the symbols themselves outweighs any likeness of the other parameters. */
const SYMBOL_WEIGHT = 100
const SUCCESS_WEIGHT = 10

const SYMBOL_PARAMETERS = new Set(['symbol', 'symbols', 'tickers', 'ticker'])
const SECRETS = new Set(['apikey', 'token', 'crumb'])

/** Paths that carry a symbol, per vendor: what stands before it and after it. */
const SYMBOL_PATHS: Record<ProviderName, readonly RegExp[]> = {
  yahoo: [/^(.*\/(?:chart|options|quoteSummary|timeseries|trending))\/([^/]+)()$/],
  fmp: [/^(\/api\/v3\/[^/]+)\/([^/]+)()$/],
  'alpha-vantage': [],
  tiingo: [
    /^(\/iex)\/([^/]+)((?:\/prices)?)$/,
    /^(\/tiingo\/daily)\/([^/]+)((?:\/prices)?)$/,
    /^(\/tiingo\/fundamentals)\/([^/]+)(\/(?:daily|statements))$/
  ]
}

/** Reads the vendor's own path and query. */
export function askedOf(vendor: ProviderName, url: URL): Asked {
  const parameters = new Map<string, string>()
  const symbols: string[] = []
  for (const [name, value] of url.searchParams) {
    const key = name.toLowerCase()
    if (SYMBOL_PARAMETERS.has(key)) symbols.push(...value.split(','))
    else if (!SECRETS.has(key)) parameters.set(key, value.toUpperCase())
  }
  const path = decodeURIComponent(url.pathname).replace(/(.)\/$/, '$1')
  const match = SYMBOL_PATHS[vendor].map((pattern) => pattern.exec(path)).find((each) => each !== null)
  if (match?.[2]) symbols.push(match[2])
  const name = parameters.get('function') ?? ''
  return {
    endpoint: `${match ? `${match[1]}/*${match[3]}` : path}${name && ` ${name}`}`,
    symbols: symbols.map((each) => each.trim().toUpperCase()).filter((each) => each !== ''),
    parameters
  }
}

/** Whether two requests go to one endpoint. Tiingo and Alpha Vantage take one symbol in the path or several in the query. */
export function isSameEndpoint(a: Asked, b: Asked): boolean {
  return a.endpoint.replace(/\/\*$/, '') === b.endpoint.replace(/\/\*$/, '')
}

/** The recording that answers a request best, or undefined where none is of its endpoint, symbol and decisive parameters. */
export function bestMatch(recordings: readonly Recording[], vendor: ProviderName, asked: Asked): Recording | undefined {
  let best: { recording: Recording; score: number } | undefined
  for (const recording of recordings) {
    if (recording.vendor !== vendor) continue
    const score = likeness(asked, askedOf(vendor, recording.url), recording.status)
    if (score !== undefined && score > (best?.score ?? -1)) best = { recording, score }
  }
  return best?.recording
}

function likeness(asked: Asked, recorded: Asked, status: number): number | undefined {
  if (!isSameEndpoint(asked, recorded)) return undefined
  const shared = asked.symbols.filter((each) => recorded.symbols.includes(each)).length
  if (asked.symbols.length > 0 && shared === 0) return undefined
  const differs = (name: string) => {
    const [wanted, had] = [asked.parameters.get(name), recorded.parameters.get(name)]
    return wanted !== undefined && had !== undefined && wanted !== had
  }
  if (DECISIVE.some(differs)) return undefined
  const alike = [...asked.parameters].filter(([name, value]) => recorded.parameters.get(name) === value).length
  return shared * SYMBOL_WEIGHT + (status < 400 ? SUCCESS_WEIGHT : 0) + alike
}
