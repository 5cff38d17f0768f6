/** A seeded generator of numbers from 0 up to 1: what fails once fails again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export type Spoiled = {
  /** What was done where, for people. */
  readonly what: string
  readonly text: string
  readonly effect: 'none' | 'less' | 'anything' | 'unreadable'
}

type Path = readonly (string | number)[]
type Json = unknown
type Spoiler = {
  readonly name: string
  readonly fits: (value: Json, path: Path) => boolean
  readonly change: (value: Json, random: () => number) => Json
  readonly effect: Spoiled['effect']
}

const DROPPED = Symbol('dropped')
const DOUBLED = Symbol('doubled')
const PLACEHOLDERS = ['N/A', 'None', '-', '', 'NaN', 'null', '--']

/** Texts that are one of a list as vendors know it. Currencies are not: one that was never seen is a currency still. */
const ENUMERATED =
  /^(quoteType|instrumentType|marketState|typeDisp|assetType|type|exchange|exchangeName|period|isActive)$/

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumeric = (value: Json) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)
const isMember = (path: Path) => typeof path.at(-1) === 'string'
const isRow = (path: Path) => typeof path.at(-1) === 'number'

/** What may happen to a value of a payload. `less` may cost information but never change any. */
const SPOILERS: readonly Spoiler[] = [
  { name: 'drop', fits: (_, path) => isMember(path), change: () => DROPPED, effect: 'less' },
  { name: 'null', fits: (value) => value !== null, change: () => null, effect: 'less' },
  {
    name: 'number as text',
    fits: (value) => typeof value === 'number',
    change: (value) => String(value),
    effect: 'less'
  },
  { name: 'text as number', fits: isNumeric, change: (value) => Number(value), effect: 'less' },
  {
    name: 'placeholder',
    fits: (value) => typeof value === 'number' || isNumeric(value),
    change: (_, random) => PLACEHOLDERS[Math.floor(random() * PLACEHOLDERS.length)],
    effect: 'less'
  },
  { name: 'empty', fits: (value) => Array.isArray(value) && value.length > 0, change: () => [], effect: 'less' },
  { name: 'object for a value', fits: (value) => !isObject(value), change: () => ({}), effect: 'less' },
  { name: 'list for an object', fits: isObject, change: () => [], effect: 'less' },
  {
    name: 'repeat',
    fits: (value, path) => isRow(path) && isObject(value),
    change: () => DOUBLED,
    effect: 'less'
  },
  {
    name: 'add members',
    fits: isObject,
    change: (value) => ({ ...(value as object), neverSeen: 1, alsoNeverSeen: { a: [null] }, error: null }),
    effect: 'less'
  },
  {
    name: 'unknown word',
    fits: (value, path) => typeof value === 'string' && ENUMERATED.test(String(path.at(-1))),
    change: () => 'NEVERSEEN',
    effect: 'less'
  },
  { name: 'huge', fits: (value) => typeof value === 'number', change: () => 1e300, effect: 'anything' },
  { name: 'huge text', fits: isNumeric, change: () => '9'.repeat(30), effect: 'anything' },
  { name: 'negative', fits: (value) => typeof value === 'number', change: () => -7.5, effect: 'anything' }
]

const TEXT_SPOILERS: readonly [name: string, effect: Spoiled['effect'], change: (text: string) => string][] = [
  ['a byte order mark', 'none', (text) => `\uFEFF${text}`],
  ['space around', 'none', (text) => `\r\n  ${text}\n\n \t`],
  ['a page around', 'unreadable', (text) => `<!DOCTYPE html><html><body><pre>${text}</pre></body></html>`],
  ['nothing', 'unreadable', () => ''],
  ['words', 'unreadable', () => 'We are sorry, something went wrong. Please try again.'],
  ['a null', 'unreadable', () => 'null'],
  ['a text in JSON', 'unreadable', () => '"Service temporarily unavailable"']
]

/** Ways in which the text as a whole can be spoiled. */
export function spoiledTexts(text: string, random: () => number): Spoiled[] {
  const cut = 1 + Math.floor(random() * (text.trimEnd().length - 2))
  return [
    ...TEXT_SPOILERS.map(([what, effect, change]) => ({ what, effect, text: change(text) })),
    { what: `cut after ${cut} characters`, effect: 'unreadable', text: text.slice(0, cut) }
  ]
}

/** At most `count` ways in which one value inside of the payload can be spoiled; rows of one list count as one place. */
export function spoiledValues(json: Json, count: number, random: () => number): Spoiled[] {
  const places = [...Map.groupBy(pathsIn(json), nameOf).values()]
  const choices = places.flatMap((alike) => {
    const path = alike[Math.floor(random() * alike.length)]!
    return SPOILERS.filter(({ fits }) => fits(valueAt(json, path), path)).map((spoiler) => ({ path, spoiler }))
  })
  return sample(choices, count, random).map(({ path, spoiler }) => ({
    what: `${spoiler.name} at ${path.join('.')}`,
    text: JSON.stringify(changedAt(json, path, spoiler.change(valueAt(json, path), random))),
    effect: spoiler.effect
  }))
}

function pathsIn(value: Json, path: Path = []): Path[] {
  const below = Array.isArray(value)
    ? value.flatMap((each, index) => pathsIn(each, [...path, index]))
    : isObject(value)
      ? Object.entries(value).flatMap(([name, each]) => pathsIn(each, [...path, name]))
      : []
  return path.length === 0 ? below : [path, ...below]
}

/** The same for all rows of a list, and for members that are named by a date. */
function nameOf(path: Path): string {
  return path.map((part) => (typeof part === 'number' || /^\d{4,}/.test(part) ? '*' : part)).join('.')
}

function valueAt(value: Json, path: Path): Json {
  return path.reduce((inside, part) => (inside as Record<string | number, Json>)[part], value)
}

function changedAt(value: Json, [part, ...rest]: Path, change: Json): Json {
  if (part === undefined) return change
  const changed = changedAt((value as Record<string | number, Json>)[part], rest, change)
  if (Array.isArray(value)) {
    const index = part as number
    return value.flatMap((each, position) =>
      position !== index ? [each] : changed === DOUBLED ? [each, each] : changed === DROPPED ? [] : [changed]
    )
  }
  const entries = Object.entries(value as object).map(([name, each]) => [name, name === part ? changed : each])
  return Object.fromEntries(entries.filter(([, each]) => each !== DROPPED))
}

function sample<Each>(all: readonly Each[], count: number, random: () => number): Each[] {
  const left = [...all]
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [chosen] = left.splice(Math.floor(random() * left.length), 1)
    return chosen!
  })
}
