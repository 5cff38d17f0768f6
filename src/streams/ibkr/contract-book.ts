import type { ContractDetails, SecType } from '@stoqey/ib'
import type { TickSize } from '../../market/instrument.ts'
import type { TwsContract, TwsMessage } from './wire.ts'

type Query = { readonly symbol: string; readonly found: Found[] }
type Found = { readonly details: ContractDetails; readonly rule: number | undefined }

/** Of contracts that TWS found, and the steps of their prices, which it tells apart from them and only when asked. */
export class ContractBook {
  /** What each query has found so far, or altogether. */
  readonly #queries = new Map<number, Query>()
  readonly #steps = new Map<number, readonly TickSize[]>()
  /** Queries that are answered, by the rule that they still wait for. */
  readonly #waiting = new Map<number, Set<number>>()

  asked(id: number, symbol: string): void {
    this.#queries.set(id, { symbol, found: [] })
  }

  found(id: number, details: ContractDetails): void {
    this.#queries.get(id)?.found.push({ details, rule: ruleOf(details) })
  }

  /** Nothing more comes of a query: what to tell of it, and the rules that are to be asked for. */
  ended(id: number): { readonly message: TwsMessage | undefined; readonly rules: readonly number[] } {
    const query = this.#queries.get(id)
    const found = query?.found ?? []
    const unknown = new Set(found.flatMap(({ rule }) => (rule !== undefined && !this.#steps.has(rule) ? rule : [])))
    const rules = [...unknown].filter((rule) => !this.#waiting.has(rule))
    for (const rule of unknown) this.#waiting.set(rule, (this.#waiting.get(rule) ?? new Set()).add(id))
    const message = query && found.length > 0 ? this.#messageOf(id, query) : undefined
    if (unknown.size === 0) this.#queries.delete(id)
    return { message, rules }
  }

  /** The steps of a rule: what to tell of the queries that waited for them. */
  ruled(rule: number, steps: readonly TickSize[]): TwsMessage[] {
    this.#steps.set(rule, steps)
    const ids = [...(this.#waiting.get(rule) ?? [])]
    this.#waiting.delete(rule)
    return ids.flatMap((id) => {
      const query = this.#queries.get(id)
      this.#queries.delete(id)
      return query ? [this.#messageOf(id, query)] : []
    })
  }

  /** TWS refused the query. */
  failed(id: number): void {
    this.#queries.delete(id)
  }

  #messageOf(id: number, { symbol, found }: Query): TwsMessage {
    const contracts = found.map(({ details, rule }) =>
      contractOf(details, rule === undefined ? undefined : this.#steps.get(rule))
    )
    return { tell: 'contracts', id, symbol, contracts }
  }
}

/** There is one for each exchange that the contract trades on, in the same order; an order goes where it is best. */
function ruleOf({ marketRuleIds = '', validExchanges = '' }: ContractDetails): number | undefined {
  const rules = marketRuleIds.split(',')
  const rule = Number(rules[validExchanges.split(',').indexOf('SMART')] ?? rules[0])
  return Number.isInteger(rule) && rule > 0 ? rule : undefined
}

function contractOf(details: ContractDetails, steps: readonly TickSize[] | undefined): TwsContract {
  const { contract, minTick, secIdList } = details
  const secType: `${SecType}` | '' = contract.secType ?? ''
  const isOption = secType === 'OPT'
  const smallest = minTick !== undefined && minTick > 0 ? [{ from: 0, size: minTick }] : undefined
  const isin = secIdList?.find(({ tag }) => tag === 'ISIN')?.value
  return {
    conId: contract.conId ?? 0,
    secType,
    currency: contract.currency ?? '',
    ...texts({
      primaryExchange: contract.primaryExch,
      longName: details.longName,
      stockType: details.stockType,
      industry: details.industry,
      category: details.category,
      subcategory: details.subcategory,
      timeZoneId: details.timeZoneId,
      tradingHours: details.tradingHours,
      liquidHours: details.liquidHours,
      isin,
      lastTradeDate: contract.lastTradeDateOrContractMonth,
      underlying: isOption ? contract.symbol : undefined,
      right: isOption ? contract.right : undefined
    }),
    ...numbers({
      multiplier: contract.multiplier,
      strike: isOption ? contract.strike : undefined
    }),
    ...tickSizes(steps ?? smallest)
  }
}

const tickSizes = (sizes: readonly TickSize[] | undefined) => (sizes && sizes.length > 0 ? { tickSizes: sizes } : {})

/** Where TWS knows nothing, it tells an empty text, or 0. */
function texts<Key extends string>(members: Record<Key, string | undefined>): Partial<Record<Key, string>> {
  const told = Object.entries<string | undefined>(members).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(told) as Partial<Record<Key, string>>
}

function numbers<Key extends string>(members: Record<Key, number | undefined>): Partial<Record<Key, number>> {
  const told = Object.entries<number | undefined>(members).filter(([, value]) => value !== undefined && value > 0)
  return Object.fromEntries(told) as Partial<Record<Key, number>>
}
