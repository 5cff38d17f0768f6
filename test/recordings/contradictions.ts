/** What tells the rows of a list apart, by the list's name. */
const IDENTITIES: Record<string, (row: Record<string, unknown>) => string> = {
  quotes: ({ symbol }) => String(symbol),
  indices: ({ symbol }) => String(symbol),
  movers: ({ symbol }) => String(symbol),
  matches: ({ symbol }) => String(symbol),
  contracts: ({ symbol }) => String(symbol),
  sectors: ({ sector }) => String(sector),
  bars: ({ start }) => String(start),
  splits: ({ exDate }) => String(exDate),
  dividends: ({ exDate, amount, kind }) => `${String(exDate)} ${String(amount)} ${String(kind)}`,
  statements: ({ period, periodEnd }) => `${String(period)} ${String(periodEnd)}`,
  items: ({ url }) => String(url)
}

/**
 * Lists of texts, and texts that stand in for one another: names may come from another member. What names the missing
 * grows with what is spoiled.
 */
const FREE =
  /^(provenance|withoutPrices|name|officers|symbols|id|publisher|summary|description|exchange|website|title|url|kind|sector|industry|country)$/
/** Given to as many decimals as the prices beside it have, and worked out where the vendor leaves them out. */
const ROUNDED = /^(change|changePercent)$/

/**
 * Where a value from a spoiled payload says other than the value of the sound one. Less is no contradiction: a number or
 * a row may be missing, but none may be new and none may differ. `known` are the numbers of the payload, from which
 * vendors' members that say the same may be taken for one another.
 */
export function contradictions(sound: unknown, spoiled: unknown, known: ReadonlySet<number>): string[] {
  return compare('', sound, spoiled, known)
}

function compare(path: string, sound: unknown, spoiled: unknown, known: ReadonlySet<number>): string[] {
  const name = path.split('.').at(-1)!
  if (spoiled === undefined || FREE.test(name)) return []
  if (Array.isArray(spoiled)) return compareLists(path, sound as unknown[], spoiled, known)
  if (typeof spoiled === 'object' && spoiled !== null) {
    const soundMembers = (sound ?? {}) as Record<string, unknown>
    return Object.entries(spoiled).flatMap(([key, value]) =>
      isInDoubt(spoiled) ? [] : compare(path ? `${path}.${key}` : key, soundMembers[key], value, known)
    )
  }
  if (typeof spoiled === 'number') {
    const slack = ROUNDED.test(name) ? 0.006 : 0
    if (typeof sound === 'number' && Math.abs(spoiled - sound) <= slack + Math.abs(sound) * 1e-6) return []
    const isTaken =
      known.has(significant(spoiled)) &&
      /^(metrics\.|marketCap|beta|price|bid|ask)/.test(path.replace(/^quotes\.[^.]+\./, ''))
    return isTaken && spoiled !== 0 ? [] : [`${path} is ${spoiled} instead of ${JSON.stringify(sound)}`]
  }
  return sound === spoiled ? [] : [`${path} is ${JSON.stringify(spoiled)} instead of ${JSON.stringify(sound)}`]
}

function compareLists(path: string, sound: unknown[], spoiled: unknown[], known: ReadonlySet<number>): string[] {
  const name = path.split('.').at(-1)!
  const identify = IDENTITIES[name]
  if (!identify) {
    return spoiled.filter((each) => !sound.includes(each)).map((each) => `${path} has ${String(each)}, which is new`)
  }
  const rows = new Map((sound as Record<string, unknown>[]).map((row) => [identify(row), row]))
  const keys = (spoiled as Record<string, unknown>[]).map(identify)
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${path} has ${key} twice`)
  return [
    ...twice,
    ...(spoiled as Record<string, unknown>[]).flatMap((row, index) => {
      const key = keys[index]!
      const soundRow = rows.get(key)
      // Another copy of a story may take the place of one that was lost.
      if (!soundRow) return isInDoubt(row) || name === 'items' ? [] : [`${path} has ${key}, which is new`]
      return compare(`${path}.${key.replaceAll('.', '·')}`, soundRow, row, known)
    })
  ]
}

/** A value that says itself that it may be wrong. */
function isInDoubt(value: object): boolean {
  return 'provenance' in value && (value.provenance as { state?: unknown }).state === 'suspect'
}

export function significant(value: number): number {
  return Number(value.toPrecision(6))
}

/** Every number of a payload, those in text too, in units and hundredths. */
export function numbersIn(json: unknown): Set<number> {
  const found = new Set<number>()
  const visit = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) return Object.values(value).forEach(visit)
    const number = typeof value === 'string' && /^-?[\d.]+%?$/.test(value) ? parseFloat(value) : value
    if (typeof number !== 'number' || !Number.isFinite(number)) return
    for (const factor of [1, 100, 0.01]) found.add(significant(number * factor))
  }
  visit(json)
  return found
}
