import { ask } from './conversation.ts'
import type { Delivery } from './fan-out-clients.ts'
import { cpuSecondsOf, type Server, type StartOptions } from './processes.ts'
import type { Stream } from './ticks.ts'

export const HUB = 'load/servers/hub.ts'

export type Start = (entry: string, options?: StartOptions) => Promise<Server>

/** One server, its clients, and what is published there in a round. */
export type Side = { server: Server; clients: Server; ticksPerSecond: number; symbols?: number }

export type FanOutRound = Delivery & { published: number; perCpuSecond: number; cpuShare: number; clientShare: number }

/** One round; the server's processor time includes that of making the ticks. */
export async function measureRound(
  { server, clients, ticksPerSecond, symbols }: Side,
  how: { stream: Stream; seconds: number }
): Promise<FanOutRound> {
  const cpuBefore = [cpuSecondsOf(server.child.pid!), cpuSecondsOf(clients.child.pid!)] as const
  await ask(clients.child, 'begin')
  const published = await ask<number>(server.child, 'publish', { ...how, ticksPerSecond, symbols })
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
