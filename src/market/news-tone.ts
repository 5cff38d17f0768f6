import { BURDENS, CLAUSES, DEGREES, FALLING, JUDGING, NEGATIONS, PHRASES, RISING } from './news-lexicon.ts'

/** How far a direction looks for the burden that it is told of: `drop in jobless claims`, `costs at the group rise`. */
const REACH_BEFORE = 4
const REACH_AFTER = 3
const NEGATION_REACH = 4
/** What is not good is bad, yet less so than what is called bad. */
const NEGATED = -0.75
/** A question or a look ahead claims nothing. */
const QUESTION = 0.5
/** Before a `but`. */
const CONCEDED = 0.5
/** A headline is as long as this at most; what a vendor puts behind it is no headline. */
const MAX_WORDS = 60

type Word = {
  readonly kind: 'judgement' | 'direction' | 'burden' | 'negation' | 'degree' | 'clause' | 'plain'
  readonly value: number
  /** How many words of the headline it is. */
  readonly length: number
}

const LEXICON = buildLexicon()
const LONGEST_SAYING = Math.max(...[...LEXICON.values()].map(({ length }) => length))

/**
 * The tone of a headline from -1 to 1 for whom it is about, by a lexicon of finance; 0 where nothing in it judges.
 * English only: a headline in another language has no tone.
 */
export function toneOf(headline: string): number {
  const words = read(wordsOf(headline))
  const clauses = clausesOf(words)
  const turn = clauses.findLastIndex(({ weight }) => weight > 1)
  const sum = clauses.reduce((total, clause, index) => {
    const conceded = index < turn ? CONCEDED : 1
    return total + valueOf(clause.words) * clause.weight * conceded
  }, 0)
  const claimed = headline.trimEnd().endsWith('?') ? sum * QUESTION : sum
  return claimed / Math.sqrt(claimed ** 2 + 1)
}

type Clause = { words: Word[]; weight: number }

function clausesOf(words: readonly Word[]): Clause[] {
  const clauses: Clause[] = [{ words: [], weight: 1 }]
  for (const word of words) {
    if (word.kind === 'clause') clauses.push({ words: [], weight: word.value })
    else clauses.at(-1)!.words.push(word)
  }
  return clauses
}

function valueOf(words: readonly Word[]): number {
  const bound = new Set<Word>()
  const values = words.map((word, index) => {
    if (word.kind === 'direction') {
      const burden = burdenOf(words, index, bound)
      if (burden) bound.add(burden)
      return burden ? -word.value : word.value
    }
    return word.kind === 'judgement' || word.kind === 'negation' ? word.value : 0
  })
  return words.reduce((sum, word, index) => {
    const value = word.kind === 'burden' && !bound.has(word) ? word.value : values[index]!
    if (word.kind === 'negation') return sum + value
    return sum + value * degreeBefore(words, index) * (isNegated(words, index) ? NEGATED : 1)
  }, 0)
}

/** The nearest burden that a direction is told of, before it rather than behind it where both are as near. */
function burdenOf(words: readonly Word[], index: number, bound: ReadonlySet<Word>): Word | undefined {
  for (let distance = 1; distance <= REACH_BEFORE; distance++) {
    const candidates = [words[index - distance], distance <= REACH_AFTER ? words[index + distance] : undefined]
    const burden = candidates.find((word) => word?.kind === 'burden' && !bound.has(word))
    if (burden) return burden
  }
  return undefined
}

function degreeBefore(words: readonly Word[], index: number): number {
  const [before, after] = [words[index - 1], words[index + 1]]
  if (before?.kind === 'degree') return before.value
  return words[index]!.kind === 'direction' && after?.kind === 'degree' ? after.value : 1
}

function isNegated(words: readonly Word[], index: number): boolean {
  const before = words.slice(Math.max(0, index - NEGATION_REACH), index)
  return before.filter(({ kind }) => kind === 'negation').length % 2 === 1
}

/** Commas and the like end a clause, and are kept as words; hyphens join words that the lexicon has apart. */
function wordsOf(headline: string): string[] {
  return (
    headline
      .toLowerCase()
      .replaceAll('’', "'")
      .replaceAll(/'s\b/g, '')
      .match(/[a-z0-9]+(?:'t)?|[,;:–—|]/g)
      ?.slice(0, MAX_WORDS) ?? []
  )
}

function read(texts: readonly string[]): Word[] {
  const words: Word[] = []
  for (let index = 0; index < texts.length;) {
    const word = wordAt(texts, index)
    words.push(word)
    index += word.length
  }
  return words
}

const PLAIN: Word = { kind: 'plain', value: 0, length: 1 }
const COMMA: Word = { kind: 'clause', value: 1, length: 1 }
const NOT: Word = { kind: 'negation', value: 0, length: 1 }

function wordAt(texts: readonly string[], index: number): Word {
  for (let length = Math.min(LONGEST_SAYING, texts.length - index); length > 0; length--) {
    const found = LEXICON.get(texts.slice(index, index + length).join(' '))
    // Each occurrence is a word of its own: a direction binds one burden, not all of its kind.
    if (found) return { ...found }
  }
  const text = texts[index]!
  if (/^\W/.test(text)) return COMMA
  return text.endsWith("n't") ? NOT : PLAIN
}

function buildLexicon(): ReadonlyMap<string, Word> {
  const lexicon = new Map<string, Word>()
  const add = (entries: Readonly<Record<string, number>>, kind: Word['kind'], inflected = false) => {
    for (const [entry, value] of Object.entries(entries)) {
      const [first = '', ...rest] = entry.split(/[ -]/)
      for (const form of inflected ? formsOf(first) : [first]) {
        const saying = [form, ...rest].join(' ')
        if (!lexicon.has(saying)) lexicon.set(saying, { kind, value, length: 1 + rest.length })
      }
    }
  }
  add(PHRASES, 'judgement')
  add(NEGATIONS, 'negation')
  add(DEGREES, 'degree')
  add(CLAUSES, 'clause')
  add(BURDENS, 'burden')
  add(RISING, 'direction', true)
  add(FALLING, 'direction', true)
  add(JUDGING, 'judgement', true)
  return lexicon
}

/** A verb and its regular inflections; of other words it makes some that nobody writes, which does no harm. */
function formsOf(base: string): string[] {
  if (base.endsWith('e')) return [base, `${base}s`, `${base}d`, `${base.slice(0, -1)}ing`]
  if (/[^aeiou]y$/.test(base)) return [base, `${base.slice(0, -1)}ies`, `${base.slice(0, -1)}ied`, `${base}ing`]
  const doubled = base + base.at(-1)!
  return [base, `${base}s`, `${base}es`, `${base}ed`, `${base}ing`, `${doubled}ed`, `${doubled}ing`]
}
