/** What the vendor tells of a subscribed instrument; https://upstox.com/developer/api-documentation/v3/get-market-data-feed */
export const UPSTOX_MODES = ['ltpc', 'option_greeks', 'full', 'full_d30'] as const
export type UpstoxMode = (typeof UPSTOX_MODES)[number]

export const UPSTOX_PLANS = ['basic', 'plus'] as const
export type UpstoxPlan = (typeof UPSTOX_PLANS)[number]

export type ModeFacts = {
  /** As frames number it (`RequestMode` of the protocol). */
  readonly requestMode: number
  /** Whether it tells bids and offers. */
  readonly hasBook: boolean
  /** Instruments that a user may have of it: where all are of one mode, and where several modes are mixed. */
  readonly alone: number
  readonly mixed: number
  /** The plan that it is sold with. */
  readonly plan: UpstoxPlan
}

export const MODES: Readonly<Record<UpstoxMode, ModeFacts>> = {
  ltpc: { requestMode: 0, hasBook: false, alone: 5000, mixed: 2000, plan: 'basic' },
  option_greeks: { requestMode: 2, hasBook: true, alone: 3000, mixed: 2000, plan: 'basic' },
  full: { requestMode: 1, hasBook: true, alone: 2000, mixed: 1500, plan: 'basic' },
  full_d30: { requestMode: 3, hasBook: true, alone: 50, mixed: 50, plan: 'plus' }
}

/**
 * One mode for all instruments; or two: the first for those whose bids and offers are wanted, the second for those of which
 * only the trades are.
 */
export type ModeChoice = readonly [UpstoxMode, UpstoxMode?]
