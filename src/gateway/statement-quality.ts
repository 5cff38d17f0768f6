import type { Fundamentals } from '../market/fundamentals.ts'
import { DAY_MS } from '../market/time.ts'
import type { Judgement } from './quality.ts'

/** Leaves out statements of periods that are not over, and dates of filing that are yet to come. `now` in epoch ms. */
export function judgeFundamentals(fundamentals: Fundamentals, now: number): Judgement<Fundamentals> {
  // The first zone on Earth is ahead of UTC by less than a day.
  const today = new Date(now + DAY_MS).toISOString().slice(0, 10)
  const ended = fundamentals.statements.filter(({ periodEnd }) => periodEnd <= today)
  const statements = ended.map((statement) => {
    const { filedOn, ...rest } = statement
    return filedOn === undefined || filedOn <= today ? statement : rest
  })
  const notEnded = fundamentals.statements.length - ended.length
  const misdated = statements.filter((statement, place) => statement !== ended[place]).length
  const notes = [
    ...(notEnded > 0 ? [`${notEnded} statements left out: their periods are not over`] : []),
    ...(misdated > 0 ? [`${misdated} dates of filing left out: they are yet to come`] : [])
  ]
  if (notes.length === 0) return { value: fundamentals, doubts: [] }
  const provenance = { ...fundamentals.provenance, notes: [...(fundamentals.provenance.notes ?? []), ...notes] }
  return { value: { ...fundamentals, statements, provenance }, doubts: [] }
}
