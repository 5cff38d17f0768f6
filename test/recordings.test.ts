import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alphaVantage } from '../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../src/providers/fmp/fmp.ts'
import { tiingo } from '../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../src/providers/yahoo/yahoo.ts'
import type { Provider, ProviderName } from '../src/providers/provider.ts'
import { readRecordings, type Recording } from '../src/sandbox/recording.ts'
import { startRecordings, type RecordedVendors } from '../src/sandbox/recordings.ts'
import { planAlphaVantage } from './recordings/alpha-vantage.ts'
import { planFmp } from './recordings/fmp.ts'
import { judge, type Plan, type Refusal, type Verdict } from './recordings/harness.ts'
import { expectedRefusal } from './recordings/refusals.ts'
import { planTiingo } from './recordings/tiingo.ts'
import { tableOf } from './recordings/table.ts'
import { planYahoo } from './recordings/yahoo.ts'

const folder = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings')
const present = existsSync(folder)
const recordings = present ? await readRecordings(folder) : []
if (!present)
  process.stdout.write(`No recordings are asked for: there is no folder ${folder} (RECORDINGS_DIR names another).\n`)

type Adapter = Provider & { close(): Promise<void> }
type Connection = { baseUrl: string; now: () => number; plan: 'standard' | 'free' }
const TIMEOUT_MS = 5000
const KEY = 'any'

type Vendor = {
  plan: (recording: Recording, refusal: Refusal) => Plan
  connect: (at: Connection) => Adapter
}

const VENDORS: Record<ProviderName, Vendor> = {
  'alpha-vantage': {
    plan: planAlphaVantage,
    connect: (at) => alphaVantage({ apiKey: KEY, timeoutMs: TIMEOUT_MS, ...at })
  },
  yahoo: {
    plan: planYahoo,
    connect: (at) => yahoo({ timeoutMs: TIMEOUT_MS, ...at })
  },
  fmp: { plan: planFmp, connect: (at) => fmp({ apiKey: KEY, timeoutMs: TIMEOUT_MS, ...at }) },
  tiingo: { plan: planTiingo, connect: (at) => tiingo({ apiKey: KEY, timeoutMs: TIMEOUT_MS, ...at }) }
}

describe.skipIf(!present)(`each recording in ${folder} comes to the value or the refusal that it means`, () => {
  const verdicts: { recording: Recording; verdict: Verdict }[] = []
  let vendors: RecordedVendors

  beforeAll(async () => {
    vendors = await startRecordings({ folder })
  })
  afterAll(async () => {
    await vendors.close()
    process.stdout.write(`\n${tableOf(verdicts)}\n`)
  })

  test('there are recordings to come to something', () => expect(recordings.length).toBeGreaterThan(0))

  test.each(recordings.map((recording) => [recording.id, recording] as const))('%s', async (_, recording) => {
    const { plan, connect } = VENDORS[recording.vendor]
    const refusal = expectedRefusal(recording)
    const what = plan(recording, refusal)
    const provider = connect({
      baseUrl: `${vendors.url}/${recording.vendor}`,
      now: clockOf(recording, what),
      plan: ('plan' in what && what.plan) || 'standard'
    })
    const verdict = await judge(recording, what, refusal, vendors, provider)
    await provider.close()
    verdicts.push({ recording, verdict })
    expect(verdict.outcome === 'failed' ? verdict.detail : '').toBe('')
  })
})

/** When the recording was made, or when its newest value was. A payload without either is read today. */
function clockOf({ recorded }: Recording, plan: Plan): () => number {
  const recordedAt = Date.parse(recorded?.replace(/ \(.*\)$/, '') ?? '')
  const now =
    ('now' in plan ? plan.now : undefined) ?? (Number.isNaN(recordedAt) ? Date.now() : recordedAt + 86_400_000)
  return () => now
}
