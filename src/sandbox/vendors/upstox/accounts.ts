import { randomUUID } from 'node:crypto'

/** Tokens are for one user each; a token that is a JWT names him, and may end. */
export type Account = { readonly user: string; readonly isPlus: boolean; readonly until: number | undefined }

/** An address is asked for right before it is connected to. */
const MAX_ADDRESSES = 1000
const WRONG_TOKENS = new Set(['', 'wrong'])
/** A user whose name begins so has the dearer plan. */
const PLUS = 'plus'

/** Who may connect: addresses are good for one connection. */
export class Accounts {
  readonly #now: () => number
  readonly #byCode = new Map<string, Account>()

  /** `now` in epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Undefined for a token that is not taken, or no longer. */
  of(token: string): Account | undefined {
    if (WRONG_TOKENS.has(token)) return undefined
    const { sub = token, exp } = claimsOf(token)
    const until = exp === undefined ? undefined : exp * 1000
    return until !== undefined && until <= this.#now() ? undefined : { user: sub, isPlus: sub.startsWith(PLUS), until }
  }

  issue(account: Account): string {
    const code = randomUUID()
    if (this.#byCode.size >= MAX_ADDRESSES) this.#byCode.delete(this.#byCode.keys().next().value!)
    this.#byCode.set(code, account)
    return code
  }

  /** Whose address it is, and that once. */
  take(code: string): Account | undefined {
    const account = this.#byCode.get(code)
    this.#byCode.delete(code)
    return account
  }
}

function claimsOf(token: string): { sub?: string; exp?: number } {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub?: string; exp?: number }
  } catch {
    return {}
  }
}
