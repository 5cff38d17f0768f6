import type { ExplainedProvider } from '../market/explanation.ts'
import type { Priority } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import type { Provider, ProviderName } from '../providers/provider.ts'
import { notCovered, withoutValue, type ProviderCalls } from './provider-calls.ts'
import { quoteDivergence, type Judgement } from './quality.ts'

export type ExplanationOptions = {
  /** The enabled providers of quotes, in the order they are asked. */
  capable: readonly Provider[]
  /** The other enabled providers. */
  others: readonly Provider[]
  off: ReadonlyMap<ProviderName, string>
  calls: ProviderCalls
  label: (quote: Quote) => Quote
  judge: (quote: Quote) => Promise<Judgement<Quote>>
  divergencePercent: number
  onDiverged: (symbol: string, percent: number, providers: [string, string]) => void
  timeoutMs: number
  priority: Priority
  user: string | undefined
}

/**
 * Asks every provider for a quote at the same moment, within budgets and circuits, and tells what each said.
 * Prices are compared with the held value, or else with the first good answer in order.
 */
export async function explainQuote(
  symbol: string,
  held: Quote | undefined,
  options: ExplanationOptions
): Promise<ExplainedProvider[]> {
  const deadline = performance.now() + options.timeoutMs
  const asked = await Promise.all(options.capable.map((provider) => explainOne(provider, symbol, deadline, options)))
  const chosen = held ?? asked.find(({ quote, doubts }) => quote && !doubts)?.quote
  return [
    ...asked.map((entry) => compared(entry, chosen, options)),
    ...options.others.map(({ name }) => skipped(name, 'not_covered', `${name} is not asked for quotes`)),
    ...[...options.off].map(([name, reason]) => skipped(name, 'off', reason))
  ]
}

async function explainOne(
  provider: Provider,
  symbol: string,
  deadline: number,
  { calls, label, judge, priority, user }: ExplanationOptions
): Promise<ExplainedProvider> {
  if (!provider.covers(symbol, 'quotes')) return { ...notCovered(provider, symbol), asked: false }
  const reply = await calls.call(provider, {
    capability: 'quotes',
    symbols: [symbol],
    priority,
    user,
    deadline,
    ask: (signal) => provider.quotes!([symbol], signal)
  })
  if ('failure' in reply) {
    const { attempt } = reply.failure
    return { ...attempt, asked: attempt.durationMs !== undefined }
  }
  const { durationMs } = reply
  const quote = reply.value.get(symbol)
  const entry = { provider: provider.name, asked: true, durationMs }
  if (!quote) return { ...entry, ...withoutValue(provider.name, symbol, reply.value.unreadable?.get(symbol)) }
  const { value, doubts } = await judge(label(quote))
  return {
    ...entry,
    outcome: 'answered',
    quote: value,
    ...(doubts.length > 0 && { doubts: doubts.map(({ rule, reason }) => `${rule}: ${reason}`) })
  }
}

function compared(
  entry: ExplainedProvider,
  chosen: Quote | undefined,
  { divergencePercent: limit, onDiverged }: ExplanationOptions
): ExplainedProvider {
  const percent = entry.quote && chosen && quoteDivergence(entry.quote, chosen)
  if (percent === undefined || !chosen) return entry
  const { source } = chosen.provenance
  if (percent > limit && source !== entry.provider) onDiverged(chosen.symbol, percent, [source, entry.provider])
  return { ...entry, divergencePercent: percent }
}

function skipped(provider: ProviderName, outcome: 'off' | 'not_covered', detail: string): ExplainedProvider {
  return { provider, asked: false, outcome, detail }
}
