/** A session's close, in the shares of its day or of today, and the same adjusted for payouts (and for splits) by the vendor. */
export type AdjustedClose = {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly close: number
  readonly adjustedClose: number | undefined
  /** New shares for an old one from this session on, where `close` is as traded; undefined where that is not known. */
  readonly split: number | undefined
}

/** What a share of the ex-date was paid; without an amount where that is not known in the unit of the closes. */
export type PaidOut = {
  readonly exDate: string
  readonly amount: number | undefined
  /** Not every vendor takes a fund's capital gains off its closes. */
  readonly isGain?: boolean
}

/** Of a payout so much may be taken off an adjusted close too much or too little: taxes, and days on which prices moved. */
const PAYOUT_TOLERANCE = 0.5
/** What nobody would miss, as a share of the price. */
const LEAST_PAYOUT = 0.002
/** No adjustment without a payout is smaller, as a share of the price, than what rounding and rights leave behind. */
const LEAST_ADJUSTMENT = 0.02
/** Closes of four sides that are rounded to cents. */
const ROUNDING = 0.02
const MAX_NAMED = 3

/**
 * Why adjusted closes (oldest first) are no total return: they leave out a payout, take off another amount than was paid, or
 * change against the closes where nothing was paid. Empty where they follow the payouts.
 */
export function unfollowedPayouts(rows: readonly AdjustedClose[], payouts: readonly PaidOut[]): string[] {
  const told: string[] = []
  const oldestFirst = payouts.toSorted((one, other) => (one.exDate < other.exDate ? -1 : 1))
  let before: Adjusted | undefined
  let split: number | undefined = 1
  let [first, next] = [0, 0]
  for (const row of rows) {
    split = split === undefined || row.split === undefined ? undefined : split * row.split
    while (next < oldestFirst.length && oldestFirst[next]!.exDate <= row.date) next++
    if (!isAdjusted(row)) continue
    const reason = before && split !== undefined && reasonAt(before, row, split, oldestFirst.slice(first, next))
    if (reason) told.push(reason)
    before = row
    split = 1
    first = next
  }
  return told.length > MAX_NAMED ? [...told.slice(0, MAX_NAMED), `... ${told.length - MAX_NAMED} more`] : told
}

type Adjusted = AdjustedClose & { readonly adjustedClose: number }

function isAdjusted(row: AdjustedClose): row is Adjusted {
  return row.adjustedClose !== undefined && row.close > 0
}

/** `split`: new shares for one old share between the two. Closes that do not follow it are told by whoever judges splits. */
function reasonAt(before: Adjusted, row: Adjusted, split: number, paid: readonly PaidOut[]): string | undefined {
  if (paid.some(({ amount }) => amount === undefined)) return undefined
  const factor = factorOf(before) / factorOf(row)
  const rounding = ROUNDING / Math.min(before.close, before.adjustedClose, row.close, row.adjustedClose)
  const isFollowed = [split, 1].some((shares) =>
    follows(1 - factor * shares, sharesPaid(before, shares, paid), rounding)
  )
  if (isFollowed) return undefined
  const takenOff = percent(1 - factor * split)
  const [all] = sharesPaid(before, split, paid)
  return all === undefined
    ? `adjusted closes take ${takenOff} off before ${row.date}, where no payout is listed`
    : `adjusted closes take ${takenOff} off before ${row.date}, where ${percent(all)} was paid out`
}

/** What was paid as a share of the close before, with a fund's gains and without; none where nothing was paid. */
function sharesPaid(before: Adjusted, split: number, paid: readonly PaidOut[]): number[] {
  if (paid.length === 0) return []
  return [paid, paid.filter(({ isGain }) => !isGain)].map((payouts) =>
    payouts.reduce((sum, { amount }) => sum + (amount! * split) / before.close, 0)
  )
}

function follows(takenOff: number, shares: readonly number[], rounding: number): boolean {
  if (shares.length === 0) return Math.abs(takenOff) <= LEAST_ADJUSTMENT + rounding
  return shares.some((share) => Math.abs(takenOff - share) <= share * PAYOUT_TOLERANCE + LEAST_PAYOUT + rounding)
}

function factorOf({ close, adjustedClose }: Adjusted): number {
  return adjustedClose / close
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}
