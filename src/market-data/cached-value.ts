import type { Namespace } from '../cache/namespace.ts'
import type { Source } from '../cache/source.ts'
import type { Ask } from '../gateway/single-question.ts'
import { priorityOf, userOf, type Answer, type Asker } from '../market/market-data.ts'

/** A renewal is background work that asks even for what is fresh. */
export type Urgency = Asker | 'renewal'
type Extras<T> = {
  record?: (value: T) => void
  lastGood?: () => Promise<T | undefined>
  expired?: (value: T) => void
}

/** One key of a namespace, loaded by one call of the gateway. */
export async function cachedValue<T>(
  namespace: Namespace<T>,
  key: string,
  urgency: Urgency = 'interactive',
  ask: (ask: Ask) => Promise<T>,
  { record, lastGood, expired }: Extras<T> = {}
): Promise<Answer<T>> {
  const source: Source<T> = {
    async load() {
      const value = await ask(askOf(urgency))
      record?.(value)
      return new Map([[key, value]])
    },
    ...(lastGood && {
      async lastGood() {
        const value = await lastGood()
        return value === undefined ? new Map<string, T>() : new Map([[key, value]])
      }
    }),
    ...(expired && { expired: (_key, value) => expired(value) })
  }
  if (urgency !== 'renewal') return namespace.get(key, source)
  const outcome = (await namespace.refresh([key], source)).get(key)!
  if (outcome instanceof Error) throw outcome
  return outcome
}

/** A renewal is nobody's request. */
export function askOf(urgency: Urgency): Ask {
  const asker = urgency === 'renewal' ? 'background' : urgency
  return { priority: priorityOf(asker), user: userOf(asker) }
}
