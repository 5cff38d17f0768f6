import { parseBudget, type BudgetWindow } from '../gateway/budget.ts'

/** The budget that a variable describes; adds what is wrong with it to the problems. */
export function budgetIn(variable: string, text: string, problems: string[]): BudgetWindow[] {
  try {
    return parseBudget(text)
  } catch (error) {
    problems.push(`${variable}: ${(error as Error).message}`)
    return []
  }
}
