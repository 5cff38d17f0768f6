import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { ListedConnections, type ConnectionQuery } from '../hub/listed-connections.ts'
import { LiveConnection } from '../market/live-connection.ts'
import { Inquiries } from '../redis/inquiries.ts'

/** What processes ask one another. */
const Question = Type.Union([
  Type.Object({
    kind: Type.Literal('list'),
    user: Type.Optional(Type.String()),
    after: Type.Optional(Type.String()),
    limit: Type.Integer({ minimum: 1, maximum: 1001 })
  }),
  Type.Object({ kind: Type.Literal('dismiss'), id: Type.String() })
])
const Page = Type.Object({ total: Type.Integer(), connections: Type.Array(LiveConnection) })
const Dismissed = Type.Object({ dismissed: Type.Optional(LiveConnection) })

const questions = Compile(Question)
const pages = Compile(Page)
const dismissals = Compile(Dismissed)

/** `isComplete`: every process has answered. */
export type ConnectionList = {
  readonly total: number
  readonly connections: LiveConnection[]
  readonly processes: number
  readonly isComplete: boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The live connections of all API processes. */
    liveConnections: {
      /** By their ids; while Redis is away those of this process. */
      list(query: ConnectionQuery): Promise<ConnectionList>
      /** Ends one, wherever it is; undefined where no process that answers has it. */
      dismiss(id: string): Promise<LiveConnection | undefined>
    }
  }
}

/** Lets operators look at live connections of every process, and end them. */
export const liveConnections = fp<{ redis: Redis; log: Logger }>(
  async (app, { redis, log }) => {
    const own = new ListedConnections()
    own.add(() => app.live.connections)
    own.add(() => app.eventClients.bridge.connections)
    own.add(() => app.vendorStreams.connections)
    const inquiries = new Inquiries({
      redis,
      subject: 'connections',
      answer(question) {
        if (!questions.Check(question)) return undefined
        return question.kind === 'list' ? own.page(question) : { dismissed: own.dismiss(question.id) }
      },
      log
    })
    app.addHook('onReady', () => inquiries.start())
    app.addHook('preClose', async () => inquiries.close())

    app.decorate('liveConnections', {
      async list(query) {
        const { answers, isComplete } = await inquiries.ask({ kind: 'list', ...query })
        const told = answers.filter((answer) => pages.Check(answer))
        const all = told.flatMap(({ connections }) => connections).sort((a, b) => (a.id < b.id ? -1 : 1))
        return {
          total: told.reduce((sum, { total }) => sum + total, 0),
          connections: all.slice(0, query.limit),
          processes: told.length,
          isComplete: isComplete && told.length === answers.length
        }
      },
      async dismiss(id) {
        const { answers } = await inquiries.ask({ kind: 'dismiss', id })
        for (const answer of answers) if (dismissals.Check(answer) && answer.dismissed) return answer.dismissed
        return undefined
      }
    })
  },
  { name: 'live-connections', dependencies: ['live', 'event-clients', 'drop-in'] }
)
