import { Environment } from './environment.ts'
import { editDistance } from '../market/edit-distance.ts'

/** Other words that people use for one that our settings have, each in the form that `wordsOf` gives. */
const SYNONYMS: Record<string, string> = {
  TOKEN: 'KEY',
  APIKEY: 'KEY',
  URI: 'URL',
  POSTGRE: 'DATABASE',
  POSTGRESQL: 'DATABASE',
  PG: 'DATABASE',
  DB: 'DATABASE',
  AV: 'ALPHAVANTAGE'
}
/** Names of more than one word that are also written as one. */
const COMPOUNDS: readonly [RegExp, string][] = [
  [/FINANCIAL_?MODELL?ING_?PREP/, 'FMP'],
  [/ALPHA_?VANTAGE/, 'ALPHAVANTAGE'],
  [/API_?KEY/, 'KEY'],
  [/API_?TOKEN/, 'KEY'],
  [/LOG_?LEVEL/, 'LOG_LEVEL']
]
const SETTINGS = Object.keys(Environment.properties)
const LONG_NAME = 8

export type MisspeltSetting = {
  /** What the environment has. */
  readonly name: string
  /** The setting that was probably meant, and that is not set. */
  readonly meant: string
}

/**
 * Variables of the environment that no setting is called, but that are written nearly like one: its words in the singular
 * or with a usual other word (`FMP_API_KEY`, `TIINGO_TOKEN`), its beginning, or one or two wrong letters (`CORS_ORIGIN`).
 * A setting that is set itself was not meant by another name.
 */
export function misspeltSettings(env: NodeJS.ProcessEnv): MisspeltSetting[] {
  const isSet = (name: string) => Boolean(env[name]?.trim())
  const unset = SETTINGS.filter((name) => !isSet(name))
  return Object.keys(env).flatMap((name) => {
    if (SETTINGS.includes(name) || !isSet(name)) return []
    const meant = nearest(name, unset)
    return meant === undefined ? [] : [{ name, meant }]
  })
}

/** One line for people. */
export function misspeltText({ name, meant }: MisspeltSetting): string {
  return `${name} is not a setting and does nothing; ${meant} was probably meant`
}

function nearest(name: string, settings: readonly string[]): string | undefined {
  const upper = name.toUpperCase()
  const words = wordsOf(upper)
  const text = words.join('_')
  return (
    settings.find((setting) => wordsOf(setting).join('_') === text) ??
    settings.find((setting) => words.length > 1 && wordsOf(setting).join('_').startsWith(`${text}_`)) ??
    settings.find((setting) => editDistance(upper, setting, setting.length > LONG_NAME ? 2 : 1) !== undefined)
  )
}

function wordsOf(name: string): string[] {
  const text = COMPOUNDS.reduce((read, [compound, word]) => read.replace(compound, word), name)
  return text.split('_').map((word) => {
    const singular = word.length > 3 ? word.replace(/S$/, '') : word
    return SYNONYMS[singular] ?? singular
  })
}
