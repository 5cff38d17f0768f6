import type { Static } from 'typebox'
import type { SelectionRule } from '../demand/derivative-selection.ts'
import { underlyingNamed } from '../market/indian-derivative.ts'
import type { Environment } from './environment.ts'

const RULE = /^((?:(?:NSE|BSE|MCX):)?[A-Za-z0-9&_-]+)=(weekly|monthly)\/(\d{1,3})$/

/** Which derivatives are streamed whoever else asks for something; without rules none are. */
export type SelectionConfig = {
  readonly rules: readonly SelectionRule[]
  readonly most: number
  readonly recentreSteps: number
}

/** What the environment says of them; adds what is wrong to the problems. */
export function selectionConfig(values: Static<typeof Environment>, problems: string[]): SelectionConfig {
  const { DERIVATIVES, DERIVATIVES_MAX_SYMBOLS, DERIVATIVES_RECENTRE_STEPS } = values
  const parts = DERIVATIVES.split(',').map((part) => part.trim())
  const rules = parts
    .filter((part) => part !== '')
    .flatMap((part): SelectionRule[] => {
      const [, name, series, strikes] = RULE.exec(part) ?? []
      if (name !== undefined) {
        const underlying = underlyingNamed(name.toUpperCase())
        return [{ underlying, series: series as SelectionRule['series'], strikes: Number(strikes) }]
      }
      problems.push('DERIVATIVES must be rules like NIFTY=weekly/20, MCX:CRUDEOIL=monthly/10')
      return []
    })
  if (new Set(rules.map(({ underlying }) => underlying)).size < rules.length) {
    problems.push('DERIVATIVES has two rules for one underlying')
  }
  return { rules, most: DERIVATIVES_MAX_SYMBOLS, recentreSteps: DERIVATIVES_RECENTRE_STEPS }
}
