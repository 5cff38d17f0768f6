import type { Recording } from '../../src/sandbox/recording.ts'
import type { Verdict } from './harness.ts'

type Row = { recordings: number; passed: number; failed: number; notApplicable: Set<string> }

/** Provider by need: how many recordings there are, what became of them, and why some say nothing about an adapter. */
export function tableOf(verdicts: readonly { recording: Recording; verdict: Verdict }[]): string {
  const rows = new Map<string, Row>()
  for (const { recording, verdict } of verdicts) {
    const key = `${recording.vendor.padEnd(14)} ${recording.need.padEnd(19)}`
    const row = rows.get(key) ?? { recordings: 0, passed: 0, failed: 0, notApplicable: new Set<string>() }
    row.recordings++
    if (verdict.outcome === 'passed') row.passed++
    else if (verdict.outcome === 'failed') row.failed++
    else row.notApplicable.add(verdict.detail)
    rows.set(key, row)
  }
  const sorted = [...rows].sort(([one], [other]) => one.localeCompare(other))
  const lines = sorted.map(([key, { recordings, passed, failed, notApplicable }]) => {
    const rest = recordings - passed - failed
    const reasons = rest > 0 ? `  ${rest} not applicable: ${[...notApplicable].join('; ')}` : ''
    return `${key} ${pad(recordings)} ${pad(passed)} ${pad(failed)}${reasons}`
  })
  return [`${'provider'.padEnd(14)} ${'need'.padEnd(19)} recordings passed failed`, ...lines].join('\n')
}

function pad(count: number): string {
  return String(count).padStart(7)
}
