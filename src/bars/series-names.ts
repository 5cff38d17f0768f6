import { isoOf, DAY_MS } from '../market/time.ts'
import type { BarPlace } from './bar-change.ts'

const SUFFIX = '-trades'

/** What bars that are made here of a provider's trades are called after: they are none of the provider's own. */
export const sourceOfTrades = (provider: string): string => provider + SUFFIX

/** The provider of whose trades a source's bars are made here; undefined for bars that are a provider's own. */
export function providerOfTrades(source: string): string | undefined {
  return source.endsWith(SUFFIX) ? source.slice(0, -SUFFIX.length) : undefined
}

/** A bar's start as it is told: a date for a day, else an instant in UTC. */
export const startText = ({ interval, start }: Pick<BarPlace, 'interval' | 'start'>): string =>
  interval === '1d' ? dateOf(start) : isoOf(start)

/** `day`: since 1970. */
export const dateOf = (day: number): string => isoOf(day * DAY_MS).slice(0, 10)
