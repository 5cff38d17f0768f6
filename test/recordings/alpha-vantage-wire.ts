import * as checks from './checks.ts'

/** Exchanges of the vendor whose spelling we know, by suffix. */
const SUFFIXES: Record<string, string> = {
  LON: 'L',
  TRT: 'TO',
  TRV: 'V',
  DEX: 'DE',
  FRK: 'F',
  PAR: 'PA',
  AMS: 'AS',
  SAO: 'SA',
  HKG: 'HK',
  SHH: 'SS',
  SHZ: 'SZ'
}

export type Row = Record<string, string>

/** The canonical symbol of the vendor's spelling; undefined where we know none. */
export function canonical(wire: string): string | undefined {
  const upper = wire.toUpperCase()
  if (upper.endsWith('.BSE')) return `BSE:${upper.slice(0, -4)}`
  const [, root, suffix] = /^(.+)\.([A-Z]{3})$/.exec(upper) ?? []
  if (!suffix) return /^[A-Z0-9.-]+$/.test(upper) ? checks.canonical(upper) : undefined
  return SUFFIXES[suffix] && `${root}.${SUFFIXES[suffix]}`
}

/** Members stand behind a number that differs between functions. */
export function member(row: Row, name: string): string | undefined {
  return Object.entries(row ?? {}).find(([key]) => key === name || key.endsWith(`. ${name}`))?.[1]
}
