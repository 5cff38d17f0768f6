import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProviderError } from '../src/providers/provider.ts'
import { readFolder, type Recording } from '../src/sandbox/recording.ts'
import { startRecordings, type RecordedVendors } from '../src/sandbox/recordings.ts'
import { textOf } from './recordings/checks.ts'
import { contradictions, numbersIn } from './recordings/contradictions.ts'
import { asJson, checkShape, isAbsence, reachOf, type Ask } from './recordings/harness.ts'
import { expectedRefusal } from './recordings/refusals.ts'
import { seeded, spoiledTexts, spoiledValues, type Spoiled } from './recordings/spoil.ts'
import { runsOf } from './support/depth.ts'
import { adapterFor, VENDORS, type Adapter } from './recordings/vendors.ts'

const folder = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings')
const { recordings } = existsSync(folder) ? await readFolder(folder) : { recordings: [] }

/** Of each recording. */
const SPOILED_VALUES = runsOf(3)
const SEED = 1
/** An answer comes at once; one that takes longer hangs. */
const PATIENCE_MS = 3000

const STATUSES = [
  [429, 'rate_limited'],
  [500, 'unavailable'],
  [503, 'unavailable']
] as const
const PAGE = Buffer.from('<html><head><title>Error</title></head><body><h1>Error</h1></body></html>')

describe.skipIf(recordings.length === 0)(
  'a spoiled answer costs what is spoiled, and never makes a wrong value (needs recordings)',
  () => {
    let vendors: RecordedVendors

    beforeAll(async () => {
      vendors = await startRecordings({ folder, recordings })
    })
    afterAll(() => vendors.close())

    test.each(recordings.map((recording) => [recording.id, recording] as const))('%s', async (id, recording) => {
      const refusal = expectedRefusal(recording)
      const plan = VENDORS[recording.vendor].plan(recording, refusal)
      if ('notApplicable' in plan) return
      const provider = adapterFor(recording, plan, vendors.url)
      const findings: string[] = []
      for (const ask of plan.asks.flatMap(inAllAdjustments)) {
        if (plan.foreign && !provider[ask.capability]) continue
        const note = (what: string, said: readonly string[]) =>
          findings.push(...said.map((each) => `${ask.capability}, ${what}: ${each}`))
        vendors.use(id, reachOf(plan))
        const sound = await outcomeOf(ask, provider)
        // What a vendor does not sell is refused without asking it.
        const isAsked = vendors.served.length > 0
        for (const spoiled of spoiledOf(recording)) {
          vendors.use(id, reachOf(plan), { body: Buffer.from(spoiled.text) })
          note(spoiled.what, judge(sound, await outcomeOf(ask, provider), spoiled, recording))
        }
        for (const [status, kind] of isAsked && !plan.foreign ? STATUSES : []) {
          vendors.use(id, 'everywhere', { status, headers: { 'content-type': 'text/html' }, body: PAGE })
          const { error, bug } = await outcomeOf(ask, provider)
          if (error?.kind !== kind) note(`status ${status}`, [error?.kind ?? bug ?? 'a value'])
        }
      }
      await provider.close()
      expect(findings).toEqual([])
    })
  }
)

/** Bars are asked for in every adjustment: each reads other columns of the same rows. */
function inAllAdjustments(ask: Ask): Ask[] {
  if (ask.capability !== 'bars') return [ask]
  return (['none', 'splits', 'all'] as const).map((adjusted) => ({
    ...ask,
    run: (provider, signal) =>
      ask.run({ ...provider, bars: (request, aborted) => provider.bars!({ ...request, adjusted }, aborted) }, signal)
  }))
}

type Outcome = { readonly value?: unknown; readonly error?: ProviderError; readonly bug?: string }

async function outcomeOf(ask: Ask, provider: Adapter): Promise<Outcome> {
  try {
    const value = asJson(await ask.run(provider, AbortSignal.timeout(PATIENCE_MS)))
    checkShape(ask.capability, value)
    return { value: Array.isArray(value) ? { quotes: value } : value }
  } catch (error) {
    if (error instanceof ProviderError) return { error }
    return { bug: error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : String(error) }
  }
}

function spoiledOf(recording: Recording): Spoiled[] {
  const random = seeded(SEED + recording.id.length * 7919 + recording.body.length)
  const text = textOf(recording)
  const json = parsed(text)
  return [...spoiledTexts(text, random), ...(json === undefined ? [] : spoiledValues(json, SPOILED_VALUES, random))]
}

function judge(sound: Outcome, { value, error, bug }: Outcome, spoiled: Spoiled, recording: Recording): string[] {
  if (bug !== undefined) return [bug]
  if (sound.error || isEmpty(sound.value)) {
    // What was refused may be refused for another reason now, but it must not become an answer.
    return error || isEmpty(value) || spoiled.effect === 'anything'
      ? []
      : [`became ${JSON.stringify(value).slice(0, 200)}`]
  }
  if (spoiled.effect === 'unreadable' && error?.kind === 'not_found') return ['was taken for an unknown symbol']
  if (error) return spoiled.effect === 'none' ? [`${error.kind}: ${error.message}`] : []
  if (spoiled.effect === 'anything') return []
  const differences = contradictions(sound.value, value, numbersIn(parsed(textOf(recording))))
  if (spoiled.effect === 'none' && differences.length === 0) assert.deepEqual(value, sound.value)
  return differences.slice(0, 3)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && isAbsence(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
