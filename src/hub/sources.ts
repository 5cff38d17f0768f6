import type { Channel, Failure } from './protocol.ts'

/** A value as the market has it now: itself, its JSON, and when it came from the vendor (epoch ms). */
export type CurrentValue = { readonly value: unknown; readonly body: Buffer; readonly receivedAt: number }

/** Why there is no value. `unknown`: there never will be one. */
export type NoValue = Failure & { readonly unknown: boolean }

export const isValue = (value: CurrentValue | NoValue): value is CurrentValue => 'body' in value

/** Where snapshots come from. Asking may make the server ask its vendors; nothing rejects for what they say. */
export type Sources = {
  /** Order and length as asked. What the vendors are asked for it is charged to the user. */
  quotes(symbols: readonly string[], userId: string): Promise<(CurrentValue | NoValue)[]>
  /**
   * The underlying and the contracts on it that expire on a day (YYYY-MM-DD), or on the nearest one on which any does that still
   * trades; canonical symbols. Or why they cannot be told. Missing where there are no chains.
   */
  chain?(underlying: string, expiry: string | undefined, userId: string): Promise<readonly string[] | NoValue>
  /** The channel's values: one, or three for movers. */
  channel(channel: Channel): Promise<(CurrentValue | NoValue)[]>
}
