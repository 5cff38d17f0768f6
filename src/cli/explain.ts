import type { Explanation, ExplainedProvider } from '../market/explanation.ts'
import { defineCommand } from './command.ts'
import { connect, SERVER_OPTIONS, serverNow } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { age, price, source, span, state } from './figures.ts'
import { isTable, LIST_OPTIONS, printJson, printTable, printTitle, warn } from './listing.ts'
import { originOf } from './origin.ts'
import { standardOutput } from './output.ts'
import type { Cell } from './table.ts'
import { oneLine } from './terminal-text.ts'

const PROVIDERS = [
  { title: 'Provider' },
  { title: 'Outcome' },
  { title: 'Took', align: 'right', expendable: 1 },
  { title: 'Price', align: 'right' },
  { title: 'Differs', align: 'right' },
  { title: 'Age', align: 'right' },
  { title: 'Source', expendable: 2 },
  { title: 'State' },
  { title: 'Detail', flexible: true }
] as const
const TIERS = [{ title: 'Cache' }, { title: 'State' }, { title: 'Age', align: 'right' }, { title: 'Source' }] as const

/** Asking again would bring no other answer. */
const LACKING: ReadonlySet<ExplainedProvider['outcome']> = new Set(['off', 'not_found', 'not_covered', 'not_asked'])

export const explain = defineCommand({
  name: 'explain',
  summary: 'Why the quote of a symbol is what it is: what every provider said, and which was chosen',
  examples: ['quotewire explain AAPL'],
  operands: { name: 'SYMBOL', description: 'In any usual spelling', min: 1, max: 1 },
  options: { ...LIST_OPTIONS, ...SERVER_OPTIONS },
  async run({ operands, options }) {
    const client = await connect(options)
    const symbol = operands[0]!
    const [explanation, now] = await Promise.all([
      client.get('/api/v1/market/explain/{symbol}', { path: { symbol } }),
      serverNow(client)
    ])
    if (isTable(options.format)) await show(explanation, now())
    else await printJson([explanation])
    if (explanation.chosen) return ExitCode.ok
    return explanation.providers.every(({ outcome }) => LACKING.has(outcome)) ? ExitCode.notFound : ExitCode.unavailable
  }
})

async function show({ symbol, chosen, chosenBecause, cache, providers, askedAt }: Explanation, now: number) {
  if (chosen) {
    await printTitle(`${symbol}  ${price(chosen.price)} ${chosen.currency ?? ''}`.trimEnd())
    await standardOutput.lines([oneLine(`${originOf(chosen.provenance, now)}; ${chosenBecause}`), ''])
  } else warn(`${symbol} has no quote: ${chosenBecause}`)
  await printTable(
    PROVIDERS,
    providers.map((provider) => rowOf(provider, now))
  )
  await standardOutput.lines([oneLine(`asked ${age(askedAt, now)} ago`), ''])
  await printTable(
    TIERS,
    cache.map((tier) => [
      tier.tier,
      { text: tier.state, style: tier.state === 'fresh' ? 'good' : tier.state === 'stale' ? 'warning' : 'faint' },
      tier.ageSeconds === undefined ? '' : span(tier.ageSeconds * 1000),
      tier.source ?? ''
    ])
  )
}

function rowOf(provider: ExplainedProvider, now: number): Cell[] {
  const { outcome, detail, durationMs, quote, doubts = [], divergencePercent } = provider
  const answered = outcome === 'answered'
  return [
    provider.provider,
    { text: outcome, style: answered ? 'good' : provider.asked ? 'bad' : 'faint' },
    durationMs === undefined ? '' : `${Math.round(durationMs)} ms`,
    price(quote?.price),
    divergencePercent === undefined ? '' : `${divergencePercent.toFixed(2)} %`,
    age(quote?.asOf, now),
    quote ? source(quote.provenance) : '',
    quote ? state(quote.provenance.state) : '',
    [...doubts, ...(detail === undefined ? [] : [detail])].join('; ')
  ]
}
