import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFolder, type Recording } from '../src/sandbox/recording.ts'
import { startRecordings, type RecordedVendors } from '../src/sandbox/recordings.ts'
import { judge, type Plan, type Verdict } from './recordings/harness.ts'
import { expectedRefusal } from './recordings/refusals.ts'
import { tableOf } from './recordings/table.ts'
import { adapterFor, VENDORS } from './recordings/vendors.ts'

const folder = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings')
const present = existsSync(folder)
const { recordings, unusable } = present ? await readFolder(folder) : { recordings: [], unusable: [] }
if (!present)
  process.stdout.write(`No recordings are asked for: there is no folder ${folder} (RECORDINGS_DIR names another).\n`)

describe.skipIf(!present)(
  `each recording in ${folder} comes to the value or the refusal that it means (needs recordings)`,
  () => {
    const verdicts: { recording: Recording; verdict: Verdict }[] = []
    let vendors: RecordedVendors

    beforeAll(async () => {
      vendors = await startRecordings({ folder, recordings })
    })
    afterAll(async () => {
      await vendors.close()
      process.stdout.write(`\n${tableOf(verdicts, unusable)}\n`)
    })

    test('there are recordings to come to something', () => expect(recordings.length).toBeGreaterThan(0))

    test.each(recordings.map((recording) => [recording.id, recording] as const))('%s', async (_, recording) => {
      const verdict = await verdictOn(recording, vendors)
      verdicts.push({ recording, verdict })
      expect(verdict.outcome === 'failed' ? verdict.detail : '').toBe('')
    })
  }
)

/** A payload that the plan cannot make sense of is a failure like any other: it must be in the table. */
async function verdictOn(recording: Recording, vendors: RecordedVendors): Promise<Verdict> {
  const refusal = expectedRefusal(recording)
  let plan: Plan
  try {
    plan = VENDORS[recording.vendor].plan(recording, refusal)
  } catch (error) {
    return { outcome: 'failed', detail: `what it should come to cannot be told: ${String(error)}` }
  }
  const provider = adapterFor(recording, plan, vendors.url)
  const verdict = await judge(recording, plan, refusal, vendors, provider)
  await provider.close()
  return verdict
}
