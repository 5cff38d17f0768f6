import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planSlots, type HeldSlots, type Plan } from '../../src/demand/planner.ts'
import { PRIORITIES, streamOf, type Priority, type Want } from '../../src/demand/want.ts'

const MINUTE_MS = 60_000
const TOPICS = ['trades', 'quotes'].flatMap((stream) =>
  ['A', 'B', 'C', 'D', 'E', 'F'].map((name) => `${stream}:${name}`)
)
const SLOTS = new Map([
  ['trades', 2],
  ['quotes', 3]
])

const wanted = (wants: Record<string, [Priority, number]>): Map<string, Want> =>
  new Map(Object.entries(wants).map(([topic, [priority, leases]]) => [topic, { topic, priority, leases }]))

const demand = fc
  .dictionary(fc.constantFrom(...TOPICS), fc.tuple(fc.constantFrom(...PRIORITIES), fc.integer({ min: 1, max: 5 })))
  .map(wanted)
/** What is wanted at each of several instants, and how much later the next one is. */
const day = fc.array(fc.tuple(demand, fc.integer({ min: 0, max: 2 * MINUTE_MS })), { minLength: 1, maxLength: 12 })

const rankOf = (wants: ReadonlyMap<string, Want>, topic: string) => {
  const want = wants.get(topic)
  return want ? PRIORITIES.indexOf(want.priority) : PRIORITIES.length
}

/** Plans one instant after the other, and looks at each plan beside what was held before it. */
function planThrough(steps: readonly [Map<string, Want>, number][], look: (step: Step) => void): void {
  let held: HeldSlots = new Map()
  let now = 0
  for (const [wants, passedMs] of steps) {
    now += passedMs
    const plan = planSlots({ wanted: wants, held, slots: SLOTS, now })
    look({ wants, before: held, now, plan })
    held = plan.held
  }
}
type Step = { wants: ReadonlyMap<string, Want>; before: HeldSlots; now: number; plan: Plan }

const property = (look: (step: Step) => void) => fc.assert(fc.property(day, (steps) => planThrough(steps, look)))

test('no stream gets more topics than it has slots, and every wanted topic has one or is refused', () => {
  property(({ wants, plan }) => {
    for (const [stream, slots] of SLOTS) {
      expect([...plan.held.keys()].filter((topic) => streamOf(topic) === stream).length).toBeLessThanOrEqual(slots)
    }
    const served = [...wants.keys()].filter((topic) => plan.held.has(topic))
    expect([...served, ...plan.refused].toSorted()).toEqual([...wants.keys()].toSorted())
  })
})

test('what is to be subscribed and unsubscribed leads from what was held to what is', () => {
  property(({ before, plan }) => {
    const left = [...before.keys()].filter((topic) => !plan.unsubscribe.includes(topic))
    expect(left.length).toBe(before.size - plan.unsubscribe.length)
    expect([...left, ...plan.subscribe].toSorted()).toEqual([...plan.held.keys()].toSorted())
  })
})

test('a slot that was given stays for a minute, and nothing moves where nothing changed', () => {
  property(({ wants, before, now, plan }) => {
    for (const [topic, { since, wantedAt }] of before) {
      if (now - since < MINUTE_MS && (wants.has(topic) || now - wantedAt < MINUTE_MS)) {
        expect(plan.unsubscribe).not.toContain(topic)
      }
    }
    const again = planSlots({ wanted: wants, held: plan.held, slots: SLOTS, now })
    expect([again.subscribe, again.unsubscribe]).toEqual([[], []])
  })
})

test('nothing more urgent is refused for what had its slot for a minute, and no slot is left free meanwhile', () => {
  property(({ wants, now, plan }) => {
    for (const refused of plan.refused) {
      const holders = [...plan.held].filter(([topic]) => streamOf(topic) === streamOf(refused))
      expect(holders.length).toBe(SLOTS.get(streamOf(refused)))
      for (const [topic, { since }] of holders) {
        if (now - since >= MINUTE_MS) expect(rankOf(wants, topic)).toBeLessThanOrEqual(rankOf(wants, refused))
      }
    }
  })
})

test('equals leave each other alone; more than twice as many take a slot, and what nobody wants gives way', () => {
  const slots = new Map([['trades', 1]])
  const held = new Map([['trades:A', { since: 0, wantedAt: 0 }]])
  const plan = (wants: Parameters<typeof wanted>[0], now: number) =>
    planSlots({ wanted: wanted(wants), held, slots, now }).subscribe
  expect(plan({ 'trades:A': ['client', 1], 'trades:B': ['client', 2] }, MINUTE_MS)).toEqual([])
  expect(plan({ 'trades:A': ['client', 1], 'trades:B': ['client', 3] }, MINUTE_MS - 1)).toEqual([])
  expect(plan({ 'trades:A': ['client', 1], 'trades:B': ['client', 3] }, MINUTE_MS)).toEqual(['trades:B'])
  expect(plan({ 'trades:A': ['warm_up', 9], 'trades:B': ['client', 1] }, MINUTE_MS)).toEqual(['trades:B'])
  expect(plan({ 'trades:B': ['warm_up', 1] }, MINUTE_MS)).toEqual(['trades:B'])
})

test('what nobody wants any more leaves its slot after a minute although nobody needs it', () => {
  const held = new Map([['trades:A', { since: 0, wantedAt: 10 * MINUTE_MS }]])
  const planAt = (now: number) => planSlots({ wanted: new Map(), held, slots: SLOTS, now }).unsubscribe
  expect(planAt(11 * MINUTE_MS - 1)).toEqual([])
  expect(planAt(11 * MINUTE_MS)).toEqual(['trades:A'])
})
