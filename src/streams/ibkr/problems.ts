import type { Problem } from '../feed.ts'
import { CLOSED, isWarning, UNREADABLE } from './port.ts'

/** What an error of a request calls for. https://interactivebrokers.github.io/tws-api/message_codes.html */
export type Remedy =
  /** The account has no live data of it; late data may be had. */
  | 'ask_for_late_data'
  /** Another session of the user has the live data now. */
  | 'ask_for_late_data_or_wait'
  | 'refuse'
  /** The contract is none, or none any more. */
  | 'look_up_again'
  /** It is served all the same, if not wholly. */
  | 'go_on'

type Meaning = { readonly remedy: Remedy; readonly reason: string; readonly text: string }

const GO_ON: Meaning = { remedy: 'go_on', reason: '', text: '' }

const REQUESTS: Readonly<Record<number, Meaning>> = {
  101: { remedy: 'refuse', reason: 'over_the_cap', text: 'TWS has no market data line left' },
  200: { remedy: 'look_up_again', reason: 'unknown_symbol', text: 'TWS knows no such contract, or it has expired' },
  203: { remedy: 'refuse', reason: 'not_in_the_plan', text: 'the account may not trade the contract' },
  300: GO_ON,
  354: { remedy: 'ask_for_late_data', reason: 'not_in_the_plan', text: 'the account has no market data of it' },
  366: GO_ON,
  420: { remedy: 'ask_for_late_data', reason: 'not_in_the_plan', text: 'the account has no market data of it' },
  10089: {
    remedy: 'ask_for_late_data',
    reason: 'not_in_the_plan',
    text: 'the account has no market data of it for the API'
  },
  10090: GO_ON,
  10167: GO_ON,
  10168: { remedy: 'ask_for_late_data', reason: 'not_in_the_plan', text: 'late market data is not enabled' },
  10197: {
    remedy: 'ask_for_late_data_or_wait',
    reason: 'competing_session',
    text: 'another session of the user receives the market data'
  }
}

/** Of an error about a request of ours; codes that are not known refuse it. */
export function meaningOf(code: number): Meaning {
  if (isWarning(code)) return GO_ON
  return REQUESTS[code] ?? { remedy: 'refuse', reason: 'refused_by_vendor', text: `TWS refuses it (${code})` }
}

const CONNECTION: Readonly<Record<number, Problem>> = {
  326: {
    kind: 'capacity',
    reason: 'the client id is in use by another program: set IBKR_CLIENT_ID to one that is not',
    code: 326
  },
  503: { kind: 'fatal', reason: 'TWS is too old: update it', code: 503 },
  506: { kind: 'fatal', reason: 'TWS speaks no version of its protocol that is known here', code: 506 },
  1300: { kind: 'transient', reason: 'TWS has moved its API to another port', code: 1300 }
}

/** Of an error about no request; undefined where the connection is of use all the same. */
export const connectionProblem = (code: number): Problem | undefined => CONNECTION[code]

/** TWS says why before it closes, and closes without a word when it restarts, which it does once a day. */
export function problemOfEnding(code: number, reason: string): Problem {
  const why = reason === '' ? '' : `: ${reason.slice(0, 100)}`
  if (code === CLOSED) return { kind: 'transient', reason: 'TWS closed the connection, as when it restarts', code }
  if (code === UNREADABLE) return { kind: 'transient', reason: `TWS sent what cannot be read${why}`, code }
  return { kind: 'transient', reason: `TWS or IB Gateway cannot be reached${why}`, code }
}
