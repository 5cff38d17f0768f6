import { Type, type Static } from 'typebox'

/** What a key or a token may do. */
export const Scope = Type.Enum(['market:read', 'stream:read', 'admin:read', 'admin:write'])
export type Scope = Static<typeof Scope>

/** The scopes among names that come from outside; unknown names grant nothing. */
export function scopesAmong(names: readonly string[]): Scope[] {
  return Scope.enum.filter((scope) => names.includes(scope))
}

/** Decides the request rate a user may have. */
export const Plan = Type.Enum(['standard', 'pro'])
export type Plan = Static<typeof Plan>

/** Who a verified token speaks for. Instants are epoch milliseconds. */
export type Principal = {
  readonly userId: string
  readonly name: string
  readonly plan: Plan
  readonly scopes: readonly Scope[]
  /** The API key the token was exchanged for; absent on tokens of an outside issuer. */
  readonly keyId?: string
  readonly issuedAt: number
  readonly expiresAt: number
}
