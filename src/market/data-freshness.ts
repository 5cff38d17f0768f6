/** The kinds of data that are served, and how old each may be by promise. */
export const FRESHNESS_TARGET_SECONDS = {
  quote: 60,
  historical: 3600,
  profile: 1800,
  news: 900,
  search: 3600,
  indices: 120,
  sectors: 300,
  movers: 300,
  sentiment: 300,
  overview: 300,
  options: 300,
  status: 60,
  fundamentals: 21_600,
  'corporate-actions': 21_600
} as const
export type DataClass = keyof typeof FRESHNESS_TARGET_SECONDS
export const DATA_CLASSES = Object.keys(FRESHNESS_TARGET_SECONDS) as DataClass[]

/** How old the served values of one class were. Instants are epoch milliseconds. */
export class ClassFreshness {
  readonly targetSeconds: number
  served = 0
  /** Served although older than promised: nothing better could be had. */
  servedLate = 0
  lastAgeMs = 0
  lastLate = false
  lastServedAt = 0

  constructor(targetSeconds: number) {
    this.targetSeconds = targetSeconds
  }

  /** `count` values of one age. A value past its own freshness counts as late; one that its session keeps valid does not, however old. */
  note(value: { receivedAt: number; freshUntil: number }, now: number, count = 1): void {
    const ageMs = now - value.receivedAt
    this.served += count
    this.lastAgeMs = ageMs
    this.lastServedAt = now
    this.lastLate = now > value.freshUntil && ageMs > this.targetSeconds * 1000
    if (this.lastLate) this.servedLate += count
  }
}

export type DataFreshness = Readonly<Record<DataClass, ClassFreshness>>

export function createDataFreshness(): DataFreshness {
  const classes = DATA_CLASSES.map((name) => [name, new ClassFreshness(FRESHNESS_TARGET_SECONDS[name])])
  return Object.fromEntries(classes) as Record<DataClass, ClassFreshness>
}
