import { ask } from './conversation.ts'
import type { Delivery } from './fan-out-clients.ts'
import { cpuSecondsOf, type Server, type StartOptions } from './processes.ts'
import type { Published } from './servers/producer.ts'
import type { Stream } from './ticks.ts'

export const HUB = 'load/servers/hub.ts'

export type Start = (entry: string, options?: StartOptions) => Promise<Server>

/** Who appends to the log of a server that follows one. */
export type Source = { producer: Server; redisUrl: string }

/** One server, its clients, and what is published there in a round: by the server itself where it has no source. */
export type Side = { server: Server; clients: Server; ticksPerSecond: number; symbols?: number; source?: Source }

export type FanOutRound = Delivery & { published: number; perCpuSecond: number; cpuShare: number; clientShare: number }

/** A round begins when what was published so long before it has come: a server that was paused must connect again. */
const LEAD_IN_SECONDS = 0.2

/** One round. The processor time is the server's: of one that has no source, that of making the ticks too. */
export async function measureRound(side: Side, how: { stream: Stream; seconds: number }): Promise<FanOutRound> {
  const { server, clients } = side
  if (side.source) {
    await publish(side, { ...how, seconds: LEAD_IN_SECONDS })
    await ask(clients.child, 'end')
  }
  const cpuBefore = [cpuSecondsOf(server.child.pid!), cpuSecondsOf(clients.child.pid!)] as const
  await ask(clients.child, 'begin')
  const published = await publish(side, how)
  const delivery = await ask<Delivery>(clients.child, 'end')
  const cpuSeconds = cpuSecondsOf(server.child.pid!) - cpuBefore[0]
  const clientSeconds = cpuSecondsOf(clients.child.pid!) - cpuBefore[1]
  return {
    ...delivery,
    published,
    perCpuSecond: delivery.delivered / cpuSeconds,
    cpuShare: cpuSeconds / delivery.seconds,
    clientShare: clientSeconds / delivery.seconds
  }
}

/** Resolves with how many events they were, once the server has seen them. */
async function publish(side: Side, how: { stream: Stream; seconds: number }): Promise<number> {
  const { server, ticksPerSecond, symbols, source } = side
  const pace = { ...how, ticksPerSecond, symbols }
  if (!source) return ask<number>(server.child, 'publish', pace)
  const { producer, redisUrl } = source
  const { published, appended } = await ask<Published>(producer.child, 'publish', { ...pace, redisUrl })
  await ask(server.child, 'sees', { events: appended })
  return published
}

/** The log that a server follows, for a producer to append to. */
export async function sourceOf(server: Server, producer: Server): Promise<Source> {
  return { producer, redisUrl: await ask<string>(server.child, 'redisUrl') }
}
