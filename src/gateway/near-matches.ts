const MAX_SUGGESTIONS = 5
/** Looking at this many takes some milliseconds, in which the process does nothing else. */
const MAX_SCANNED_SYMBOLS = 20_000
const MAX_EDITS = 2

/**
 * Known symbols that somebody who wrote an unknown one may have meant, best first: another way to separate the share
 * class (`BRKB` for `BRK.B`), a forgotten or foreign exchange suffix (`OCDO` for `OCDO.L`), one or two wrong letters.
 * Looks at no more than the first 20,000 known symbols.
 */
export function nearMatches(symbol: string, known: Iterable<string>): string[] {
  const written = { symbol, bare: bare(symbol), root: rootOf(symbol) }
  const ranked: { candidate: string; rank: number }[] = []
  let scanned = 0
  for (const candidate of known) {
    if (++scanned > MAX_SCANNED_SYMBOLS) break
    const rank = candidate === symbol ? undefined : rankOf(written, candidate)
    if (rank !== undefined) ranked.push({ candidate, rank })
  }
  const lengthGap = (candidate: string) => Math.abs(candidate.length - symbol.length)
  return ranked
    .sort((a, b) => a.rank - b.rank || lengthGap(a.candidate) - lengthGap(b.candidate))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate)
}

type Written = { readonly symbol: string; readonly bare: string; readonly root: string }

/** Lower is nearer; undefined is too far. People seldom mistype the first letter, so a different one ranks behind. */
function rankOf(written: Written, candidate: string): number | undefined {
  const { symbol } = written
  if (candidate.includes(written.root) && rootOf(candidate) === written.root) return 1
  if (Math.abs(candidate.length - symbol.length) > MAX_EDITS) return undefined
  if (hasSeparator(symbol, candidate) && bare(candidate) === written.bare) return 0
  const edits = editDistance(symbol, candidate, symbol.length <= 2 ? 1 : MAX_EDITS)
  return edits === undefined ? undefined : edits * 2 + (candidate[0] === symbol[0] ? 0 : 1)
}

const SEPARATOR = /[^A-Z0-9]/
const hasSeparator = (symbol: string, candidate: string) => SEPARATOR.test(candidate) || SEPARATOR.test(symbol)
const bare = (symbol: string) => symbol.replaceAll(/[^A-Z0-9]/g, '')
const rootOf = (symbol: string) => symbol.replace(/\.[A-Z]{1,3}$/, '').replace(/^\^|^[A-Z]+:/, '')

/** Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other; undefined above `most`. */
export function editDistance(from: string, to: string, most: number): number | undefined {
  if (Math.abs(from.length - to.length) > most) return undefined
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let edits = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) edits = Math.min(edits, beforePrevious[column - 2]! + 1)
      current.push(edits)
    }
    if (Math.min(...current) > most) return undefined
    beforePrevious = previous
    previous = current
  }
  return previous[to.length]! <= most ? previous[to.length] : undefined
}
