import type { Answer } from '../market/market-data.ts'

export type Outcome<T> = Answer<T> | Error

/** What stands behind the cache. */
export type Source<T> = {
  /**
   * Asks for keys; each result is a value or that key's error. `previous` holds what is already had, however old.
   * May reject as a whole, which then is every key's error.
   */
  load(keys: readonly string[], previous: ReadonlyMap<string, T>): Promise<ReadonlyMap<string, T | Error>>
  /** The rung under Redis: the last values that were persisted, in one question; what never was is missing. */
  lastGood?(keys: readonly string[]): Promise<ReadonlyMap<string, T>>
  /** Told when the value, labelled stale, stands in because it outlived its freshness and could not be renewed. */
  expired?(key: string, value: T): void
}

/** The source answered with what comes before the value that is held: nothing failed, and nothing is renewed. */
export class SupersededLoad extends Error {
  readonly value: unknown

  constructor(value: unknown) {
    super('the source answered with an older value than the one that is held')
    this.name = 'SupersededLoad'
    this.value = value
  }
}

/** What stands behind keys that could not be loaded, since when (epoch ms) that was tried, and what was persisted. */
export type Behind<T> = {
  readonly source: Source<T>
  readonly startedAt: number
  readonly persisted: (key: string) => Promise<T | undefined>
}

/** The persisted values of some keys: the source is asked for all of them once the first is wanted. */
export function persistedBy<T>(source: Source<T>, keys: readonly string[]): Behind<T>['persisted'] {
  let asked: Promise<ReadonlyMap<string, T>> | undefined
  return async (key) => (await (asked ??= source.lastGood?.(keys)))?.get(key)
}

/** What a load that failed as a whole says of each of its keys. */
export function failAll<T>(keys: readonly string[], error: unknown): Map<string, Outcome<T>> {
  return new Map(keys.map((key) => [key, asError(error)]))
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
