import { Type, type Static } from 'typebox'

/** What a key or a token may do. None of them is part of another: `mcp:read` opens the tools of agents, and nothing else. */
export const Scope = Type.Enum(['market:read', 'stream:read', 'mcp:read', 'admin:read', 'admin:write'])
export type Scope = Static<typeof Scope>

/** The scopes among names that come from outside; unknown names grant nothing. */
export function scopesAmong(names: readonly string[]): Scope[] {
  return Scope.enum.filter((scope) => names.includes(scope))
}

/** Decides the request rate a user may have. */
export const Plan = Type.Enum(['standard', 'pro'])
export type Plan = Static<typeof Plan>

/** An API key, a token of ours, one of an outside issuer, or the cookie of a browser that signed in. */
export const Credential = Type.Enum(['key', 'token', 'outside-token', 'session'])
export type Credential = Static<typeof Credential>

/** Who a verified credential speaks for. Instants are epoch milliseconds. */
export type Principal = {
  readonly userId: string
  readonly name: string
  readonly plan: Plan
  readonly scopes: readonly Scope[]
  readonly credential: Credential
  /** The API key, or the one that a token or a session was had for; absent on tokens of an outside issuer. */
  readonly keyId?: string
  /** Of a token of ours; of a session, whose renewed tokens keep it. */
  readonly tokenId?: string
  /** Of a key: when it was looked up. */
  readonly issuedAt: number
  /** Infinity for a key that does not end by itself. */
  readonly expiresAt: number
  /** Of a session: when its key was looked up, and when that ends, by which a renewed one is dated and ends. */
  readonly renewal?: { readonly issuedAt: number; readonly expiresAt: number }
}
