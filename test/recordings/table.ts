import type { Recording, Unusable } from '../../src/sandbox/recording.ts'
import type { Verdict } from './harness.ts'

type Row = { recordings: number; passed: number; failed: number; foreign: number; reasons: Set<string> }

type Judged = { recording: Recording; verdict: Verdict }

/** Provider by need: how many recordings there are, what became of them, and why some say nothing about an adapter. */
export function tableOf(verdicts: readonly Judged[], unusable: readonly Unusable[]): string {
  const rows = new Map<string, Row>()
  const rowOf = (provider: string, need: string): Row => {
    const key = `${provider.padEnd(14)} ${need.padEnd(19)}`
    const row = rows.get(key) ?? { recordings: 0, passed: 0, failed: 0, foreign: 0, reasons: new Set<string>() }
    row.recordings++
    rows.set(key, row)
    return row
  }
  for (const { recording, verdict } of verdicts) {
    const row = rowOf(recording.vendor, recording.need)
    if (verdict.outcome === 'passed') row.passed++
    if (verdict.outcome === 'failed') row.failed++
    if (verdict.outcome === 'foreign') row.foreign++
    if (verdict.outcome === 'not applicable' || verdict.outcome === 'foreign') row.reasons.add(verdict.detail)
  }
  for (const { provider, need, reason } of unusable) rowOf(provider, need).reasons.add(reason)
  const sorted = [...rows].sort(([one], [other]) => one.localeCompare(other))
  const lines = sorted.map(([key, { recordings, passed, failed, foreign, reasons }]) => {
    const rest = recordings - passed - failed - foreign
    const what = [foreign > 0 && `${foreign} refused as foreign`, rest > 0 && `${rest} not applicable`].filter(Boolean)
    const why = what.length > 0 ? `  ${what.join(', ')}: ${[...reasons].join('; ')}` : ''
    return `${key} ${pad(recordings)} ${pad(passed)} ${pad(failed)}${why}`
  })
  return [`${'provider'.padEnd(14)} ${'need'.padEnd(19)} recordings passed failed`, ...lines].join('\n')
}

function pad(count: number): string {
  return String(count).padStart(7)
}
