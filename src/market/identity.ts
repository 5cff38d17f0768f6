import { exchangeMembers, exchangeOfListing } from './exchange.ts'
import { exchangeNamed } from './exchanges.ts'
import { kindOfSymbol } from './instrument-kind.ts'
import type { Profile } from './profile.ts'

/** What of an instrument stays the same whichever vendor is asked; what is not known is missing. */
export type Identity = Partial<Pick<Profile, 'name' | 'kind' | 'mic' | 'exchange' | 'currency' | 'country' | 'sector'>>

/** Any value about one instrument. */
export type Identified = Identity & { readonly symbol: string }

/** The exchange is no member of its own: it is completed together with its MIC. */
type PlainMember = Exclude<keyof Identity, 'mic' | 'exchange'>

/** What a view of an instrument shows of its identity, beside its exchange. */
export const QUOTE_MEMBERS: readonly PlainMember[] = ['name', 'kind', 'currency']
export const MATCH_MEMBERS: readonly PlainMember[] = [...QUOTE_MEMBERS, 'country']
export const PROFILE_MEMBERS: readonly PlainMember[] = [...MATCH_MEMBERS, 'sector']
/** An option chain has the identity of its underlying, but not its kind. */
export const CHAIN_MEMBERS: readonly PlainMember[] = ['name', 'currency']

/** What the spelling of a canonical symbol tells for certain. */
export function identityOfSymbol(symbol: string): Identity {
  const kind = kindOfSymbol(symbol)
  const { mic, exchange } = exchangeMembers(symbol)
  return { ...(kind && { kind }), ...(mic && { mic }), ...(exchange && { exchange }) }
}

/**
 * The value with the members that its vendor did not tell, as they are known; what the vendor told stays. A value that
 * names another exchange than the one that is known may be about another instrument: it stays as it is. The currency of
 * a price is left open where listings trade in several units, for the price may be in pence.
 */
export function completed<Value extends Identified>(
  value: Value,
  known: Identity,
  members: readonly PlainMember[]
): Value {
  if (contradicts(value, known)) return value
  const added: Identity = {}
  if (value.mic === undefined && known.exchange !== undefined) {
    added.exchange = known.exchange
    if (known.mic !== undefined) added.mic = known.mic
  }
  for (const member of members) {
    if (value[member] !== undefined || known[member] === undefined) continue
    if (member === 'currency' && 'price' in value && isOfSeveralUnits(value.symbol)) continue
    Object.assign(added, { [member]: known[member] })
  }
  return Object.keys(added).length === 0 ? value : { ...value, ...added }
}

/** What a value tells of its instrument. */
export function identityIn({ name, kind, mic, exchange, currency, country, sector }: Identified): Identity {
  return withoutUnknown({ name, kind, mic, exchange, currency, country, sector })
}

/** What is known after a value has come. A listing that is said to be on another exchange has moved there. */
export function learned(known: Identity, value: Identity): Identity {
  if (contradicts(value, known) && value.mic === undefined) return known
  const { name, kind, currency, country, sector } = { ...known, ...value }
  const { mic, exchange } = value.mic === undefined && known.exchange !== undefined ? known : value
  return withoutUnknown({ name, kind, mic, exchange, currency, country, sector })
}

function withoutUnknown(identity: { [Key in keyof Identity]: Identity[Key] | undefined }): Identity {
  return Object.fromEntries(Object.entries(identity).filter(([, member]) => member !== undefined))
}

/** Whether a value lacks anything that could be completed. */
export function isIncomplete(value: Identity, members: readonly PlainMember[]): boolean {
  return value.exchange === undefined || members.some((member) => value[member] === undefined)
}

/** A name that is in no table may be any exchange's: of NYSE Arca and NYSE American one vendor says `AMEX` alike. */
function contradicts(value: Identity, known: Identity): boolean {
  if (value.exchange === undefined || known.exchange === undefined) return false
  return exchangeNamed(value.exchange) !== undefined && value.exchange !== known.exchange
}

function isOfSeveralUnits(symbol: string): boolean {
  const exchange = exchangeOfListing(symbol)
  return exchange?.mic !== undefined && exchange.currency === undefined
}
