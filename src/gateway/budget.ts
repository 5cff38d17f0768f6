export type BudgetPeriod = 'second' | 'minute' | 'hour' | 'day' | 'month'

/** One limit of a provider: so many requests, or so many different symbols, in each period (UTC-aligned). */
export type BudgetWindow = {
  readonly limit: number
  readonly unit: 'requests' | 'symbols'
  readonly per: BudgetPeriod
}

const WINDOW = /^(\d{1,9})(?:\s+(requests|symbols))?\/(second|minute|hour|day|month)$/

/**
 * Reads a budget such as `250/minute, 10000/day, 500 symbols/month`.
 * Throws TypeError saying what a limit looks like.
 */
export function parseBudget(text: string): BudgetWindow[] {
  return text.split(',').map((part, index) => {
    const match = WINDOW.exec(part.trim())
    const limit = Number(match?.[1])
    if (!match || limit < 1) {
      throw new TypeError(`part ${index + 1} is not a limit; write for example 250/minute or 500 symbols/month`)
    }
    return { limit, unit: match[2] === 'symbols' ? 'symbols' : 'requests', per: match[3] as BudgetPeriod }
  })
}
