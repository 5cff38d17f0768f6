import type { Callbacks, SubscribeOptions, Subscription, SubscriptionState } from '../client/client.ts'
import { api } from './api.ts'
import { askSession } from './session.ts'
import { Value } from './value.ts'

/** Nobody reads faster; all that one looks at shares one connection. */
const CONFLATE_MS = 100

/** Whether live events come. Instants are epoch milliseconds of this machine. */
export type Connection =
  | { readonly state: 'idle' }
  | { readonly state: 'open'; readonly lostForMs?: number }
  | { readonly state: 'lost'; readonly reason: string; readonly since: number; readonly retryAt?: number }
  | { readonly state: 'ended'; readonly reason: string; readonly since: number }

export const connection = new Value<Connection>({ state: 'idle' })

/** Follows symbols or channels, each event once, across restarts of the server. */
export function follow(subjects: SubscribeOptions, onEvent: Callbacks['onEvent']): Subscription {
  return api().subscribe({ ...subjects, conflateMs: CONFLATE_MS }, { onEvent, onState: note })
}

/** Those who share a connection are all told what happens to it. */
function note(told: SubscriptionState): void {
  const before = connection.now
  if (told.state === 'open') {
    if (before.state === 'open') return
    const lostForMs = before.state === 'lost' ? Date.now() - before.since : undefined
    connection.set({ state: 'open', ...(lostForMs !== undefined && { lostForMs }) })
  } else if (told.state === 'lost') {
    if (before.state !== 'lost') void askSession() // which may be why
    const since = before.state === 'lost' ? before.since : Date.now()
    const retryAt = told.retryInMs === undefined ? undefined : Date.now() + told.retryInMs
    connection.set({ state: 'lost', reason: told.reason, since, ...(retryAt !== undefined && { retryAt }) })
  } else if (told.error) {
    connection.set({ state: 'ended', reason: told.error.message, since: Date.now() })
    void askSession()
  }
}
