import { editDistance } from '../market/edit-distance.ts'

const MAX_SUGGESTIONS = 5
/** Of more symbols the later ones are not suggested. */
const MAX_SYMBOLS = 20_000
/** Looking closely at so many takes less than a millisecond. */
const MAX_COMPARED = 500
const MAX_EDITS = 2
/** People seldom mistype the first letter. */
const MAX_EDITS_OF_OTHER_INITIAL = 1

type Known = { readonly symbol: string; readonly letters: number }

/** Symbols that an unknown one may have been meant to be, indexed so that looking for them holds nobody up. */
export class KnownSymbols {
  readonly #symbols = new Set<string>()
  readonly #byInitial = new Map<string, Known[]>()
  readonly #byRoot = new Map<string, string[]>()
  readonly #byLetters = new Map<string, string[]>()

  constructor(symbols: Iterable<string> = []) {
    for (const symbol of symbols) this.add(symbol)
  }

  add(symbol: string): void {
    if (this.#symbols.has(symbol)) return
    this.#symbols.add(symbol)
    if (this.#symbols.size > MAX_SYMBOLS) return
    listIn(this.#byInitial, symbol[0]!).push({ symbol, letters: lettersOf(symbol) })
    listIn(this.#byRoot, rootOf(symbol)).push(symbol)
    listIn(this.#byLetters, bare(symbol)).push(symbol)
  }

  has(symbol: string): boolean {
    return this.#symbols.has(symbol)
  }

  /**
   * Those that somebody who wrote an unknown symbol may have meant, best first: another way to separate the share class
   * (`BRKB` for `BRK.B`), a forgotten or foreign exchange suffix (`OCDO` for `OCDO.L`), one or two wrong letters.
   */
  near(symbol: string): string[] {
    const ranks = new Map<string, number>()
    for (const candidate of this.#byRoot.get(rootOf(symbol)) ?? []) ranks.set(candidate, 1)
    for (const candidate of this.#byLetters.get(bare(symbol)) ?? []) {
      if (!ranks.has(candidate) && hasSeparator(symbol, candidate)) ranks.set(candidate, 0)
    }
    for (const [candidate, rank] of this.#misspelt(symbol)) if (!ranks.has(candidate)) ranks.set(candidate, rank)
    ranks.delete(symbol)
    const lengthGap = (candidate: string) => Math.abs(candidate.length - symbol.length)
    return [...ranks]
      .sort(([a, rankOfA], [b, rankOfB]) => rankOfA - rankOfB || lengthGap(a) - lengthGap(b))
      .slice(0, MAX_SUGGESTIONS)
      .map(([candidate]) => candidate)
  }

  /** Symbols a few letters away, each with its rank: those with the same first letter are looked at first. */
  *#misspelt(symbol: string): Generator<[candidate: string, rank: number]> {
    const letters = lettersOf(symbol)
    const initial = symbol[0]!
    let compared = 0
    const others = [...this.#byInitial.keys()].filter((each) => each !== initial)
    for (const each of [initial, ...others]) {
      const most = symbol.length > 2 && each === initial ? MAX_EDITS : MAX_EDITS_OF_OTHER_INITIAL
      for (const known of this.#byInitial.get(each) ?? []) {
        if (Math.abs(known.symbol.length - symbol.length) > most) continue
        // An edit adds one letter, drops one, or does both.
        if (bitsIn(letters ^ known.letters) > 2 * most) continue
        if (++compared > MAX_COMPARED) return
        const edits = editDistance(symbol, known.symbol, most)
        if (edits !== undefined) yield [known.symbol, edits * 2 + (each === initial ? 0 : 1)]
      }
    }
  }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key)
  if (known) return known
  const list: T[] = []
  lists.set(key, list)
  return list
}

/** Which letters a symbol has, a bit for each; digits share one, and so do separators. */
function lettersOf(symbol: string): number {
  let letters = 0
  for (let at = 0; at < symbol.length; at++) {
    const code = symbol.charCodeAt(at)
    const bit = code >= 65 && code <= 90 ? code - 65 : code >= 48 && code <= 57 ? 26 : 27
    letters |= 1 << bit
  }
  return letters
}

function bitsIn(bits: number): number {
  let count = 0
  for (let left = bits; left !== 0; left &= left - 1) count++
  return count
}

const SEPARATOR = /[^A-Z0-9]/
const hasSeparator = (symbol: string, candidate: string) => SEPARATOR.test(candidate) || SEPARATOR.test(symbol)
const bare = (symbol: string) => symbol.replaceAll(/[^A-Z0-9]/g, '')
const rootOf = (symbol: string) => symbol.replace(/\.[A-Z]{1,3}$/, '').replace(/^\^|^[A-Z]+:/, '')
