import { pino } from 'pino'
import { answerQuestions } from '../../load/conversation.ts'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { createCore } from '../../src/core.ts'
import { reportReady } from '../../src/embedded/child.ts'
import { createDataFreshness } from '../../src/market/data-freshness.ts'
import { shippedCalendars } from '../../src/exchange-calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { createVendors } from '../../src/vendors.ts'
import { watchEventLoop } from '../support/event-loop.ts'

/** The API in a process of its own, over the services and vendors that its environment names; it watches its event loop. */
const log = pino({ level: 'error' }, process.stderr)
const config = loadConfig(process.env)
const clock = new SessionClock(shippedCalendars(config))
const core = await createCore({ config, log, clock, vendors: createVendors(config, clock.hoursOf) })
const app = await buildApp({ ...core, config, log, freshness: createDataFreshness() })
const url = await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({
  ...watchEventLoop(),
  async key() {
    const user = await core.stores.users.createUser({ name: 'ann', plan: 'pro' })
    return (await core.stores.keys.createKey({ userId: user!.id, scopes: ['market:read'] })).key
  },
  recorded: () => core.recorder.flush()
})
reportReady(url)
