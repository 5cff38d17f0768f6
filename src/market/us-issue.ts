/** What of a United States issuer is listed, where it is not its only share. */
export type UsIssue = {
  readonly root: string
  readonly issue: 'class' | 'preferred' | 'warrant' | 'unit' | 'right' | 'when-issued'
  /** The letter of the class or the series; empty where there is but one. */
  readonly series: string
}

/**
 * Letters after a dot that name an exchange rather than a share class (`.L` London, `.F` Frankfurt, `.V` TSX Venture).
 * `.T` (Tokyo) follows digits, so it never looks like a class share.
 */
const EXCHANGE_LETTERS = new Set(['L', 'F', 'V'])

const CANONICAL = /^([A-Z]{1,5})\.(?:([A-Z])|PR([A-Z])|WS([A-Z]?)|(RT)|(WI))$/

/**
 * The issue that a canonical symbol names: a class share (`BRK.B`), a preferred share (`BAC.PRL`), a warrant (`ABC.WS`,
 * `ABC.WSA`), a unit (`ABC.U`), a right (`ABC.RT`) or a share that is traded when issued (`ABC.WI`). Undefined for a
 * listing elsewhere (`OCDO.L`) and all else.
 */
export function usIssue(symbol: string): UsIssue | undefined {
  const [, root, letter, preferred, warrant, right, whenIssued] = CANONICAL.exec(symbol) ?? []
  if (root === undefined || EXCHANGE_LETTERS.has(letter ?? '')) return undefined
  if (letter !== undefined) {
    return letter === 'U' ? { root, issue: 'unit', series: '' } : { root, issue: 'class', series: letter }
  }
  if (preferred !== undefined) return { root, issue: 'preferred', series: preferred }
  if (warrant !== undefined) return { root, issue: 'warrant', series: warrant }
  if (right !== undefined) return { root, issue: 'right', series: '' }
  return whenIssued === undefined ? undefined : { root, issue: 'when-issued', series: '' }
}

/** A single letter after a space, a slash or a dash; after a dot too, unless the dot names an exchange. */
const CLASS = /^([A-Z]{1,5})([ ./-])([A-Z])$/
/** `BAC.PRL`, `BAC PRL`, `BAC/PRL`, `BAC-PRL`, `BAC-PL` and `BAC-P-L`. */
const PREFERRED = /^([A-Z]{1,5})(?:[ ./-]PR[ ./-]?|-P-?)([A-Z])$/
/** `ABC.WS`, `ABC.WS.A`, `ABC-WT`, `ABC-WTA`, `ABC-WS-A` and `ABC+`. */
const WARRANT = /^([A-Z]{1,5})(?:[ ./-]W[ST][ ./-]?|\+)([A-Z]?)$/
const UNIT = /^([A-Z]{1,5})[ ./-]U[NT]$/
const RIGHT = /^([A-Z]{1,5})[ ./-]R[TI]$/
const WHEN_ISSUED = /^([A-Z]{1,5})[ ./-]WI$/

/** The canonical symbol of a United States issue in any of the usual spellings (upper case); undefined for all else. */
export function canonicalUsIssue(text: string): string | undefined {
  const [, root, separator, letter] = CLASS.exec(text) ?? []
  if (root !== undefined) {
    if (!EXCHANGE_LETTERS.has(letter!)) return `${root}.${letter}`
    // With a dot it is a listing abroad.
    return separator === '.' ? undefined : `${root}-${letter}`
  }
  const preferred = PREFERRED.exec(text)
  if (preferred) return `${preferred[1]}.PR${preferred[2]}`
  const warrant = WARRANT.exec(text)
  if (warrant) return `${warrant[1]}.WS${warrant[2]}`
  const [unit, right, whenIssued] = [UNIT.exec(text), RIGHT.exec(text), WHEN_ISSUED.exec(text)]
  if (unit) return `${unit[1]}.U`
  if (right) return `${right[1]}.RT`
  return whenIssued ? `${whenIssued[1]}.WI` : undefined
}

/** What a vendor writes behind the root, by issue; an issue that it is not known to spell is missing. */
export type IssueSpelling = { readonly [Issue in UsIssue['issue']]?: (series: string) => string }

/** As Yahoo and Financial Modeling Prep spell: `BRK-B`, `BAC-PL`, `ABC-WT`, `ABC-UN`. */
export const COMPACT_SPELLING: IssueSpelling = {
  class: (series) => `-${series}`,
  preferred: (series) => `-P${series}`,
  warrant: (series) => `-WT${series}`,
  unit: () => '-UN',
  right: () => '-RI',
  'when-issued': () => '-WI'
}

/** As Tiingo and Alpha Vantage spell: `BRK-B`, `BAC-P-L`, `ABC-WS`, `ABC-U`. */
export const DASHED_SPELLING: IssueSpelling = {
  class: (series) => `-${series}`,
  preferred: (series) => `-P-${series}`,
  warrant: (series) => (series === '' ? '-WS' : `-WS-${series}`),
  unit: () => '-U'
}

/** A United States issue as a vendor spells it; undefined where it is not known how. */
export function spelledIssue({ root, issue, series }: UsIssue, spelling: IssueSpelling): string | undefined {
  const ending = spelling[issue]?.(series)
  return ending && root + ending
}
