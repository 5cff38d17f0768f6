import type { BarUpdate } from './event.ts'

/** Where what was told of a bar stands among all that was told of it. */
export type BarOrder = {
  readonly revision: number
  readonly isSettled: boolean
  readonly timestamp: string
  readonly figures: string
}

export const barOrderOf = ({ revision, state, timestamp, bar }: BarUpdate['data']): BarOrder => ({
  revision,
  isSettled: state === 'final' || state === 'corrected',
  timestamp,
  figures: `${bar.open} ${bar.high} ${bar.low} ${bar.close} ${bar.volume}`
})

/** What names a bar among all of its topic: each provider and feed has bars of its own. */
export const barKeyOf = ({ bar, provenance: { source, feed } }: BarUpdate['data']): string =>
  `${bar.start} ${source} ${feed}`

/** Whether what comes is news beside what is held: of one revision a bar that is settled is later than one that is not. */
export function supersedesBar(held: BarOrder, next: BarOrder): boolean {
  if (next.revision !== held.revision) return next.revision > held.revision
  if (next.isSettled !== held.isSettled) return next.isSettled
  if (next.timestamp !== held.timestamp) return next.timestamp > held.timestamp
  return next.figures !== held.figures
}
