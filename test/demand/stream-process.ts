import { pino } from 'pino'
import { everyTopicOf } from '../../src/demand/answers.ts'
import { Carrier } from '../../src/demand/carrier.ts'
import { planSlots, type HeldSlots } from '../../src/demand/planner.ts'
import type { Want } from '../../src/demand/want.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'

/** Stands in for a process that owns a vendor's stream: it gives SLOTS of quotes by the plan, and says what it did. */
const redis = connectFailFast(process.env['REDIS_URL']!)
await ready(redis, 'REDIS_URL')
const slots = new Map([['quotes', Number(process.env['SLOTS'])]])
const carrier = new Carrier({ redis, log: pino({ level: 'silent' }), processId: `stream-${process.pid}` })
carrier.announce([[everyTopicOf('quotes'), { state: 'deciding' }]])

const wanted = new Map<string, Want>()
let held: HeldSlots = new Map()
for await (const changes of carrier.wanted()) {
  for (const [topic, want] of changes) {
    if (want) wanted.set(topic, want)
    else wanted.delete(topic)
  }
  const plan = planSlots({ wanted, held, slots, now: performance.now() })
  held = plan.held
  const since = Date.now()
  carrier.announce([
    ...plan.unsubscribe.map((topic) => [topic, undefined] as const),
    ...plan.refused.map((topic) => [topic, { state: 'refused', reason: 'over_the_cap' }] as const),
    ...plan.subscribe.map((topic) => [topic, { state: 'carried', source: 'alpaca', feed: 'iex', since }] as const)
  ])
}
