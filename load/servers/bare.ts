import { readFile } from 'node:fs/promises'
import fastify from 'fastify'
import { reportReady } from '../../src/embedded/child.ts'

/**
 * The reference: bare Fastify that returns the bytes of one quote, and JSON.stringify of a hundred quote objects.
 * LOAD_BODIES names a file with what the measured server answered to the same two questions.
 */
const { quote, quotes } = JSON.parse(await readFile(process.env['LOAD_BODIES']!, 'utf8')) as {
  quote: string
  quotes: string
}
const body = Buffer.from(quote)
const { quotes: objects } = JSON.parse(quotes) as { quotes: object[] }

const app = fastify()
app.get('/api/v1/market/quote/:symbol', (_request, reply) => {
  reply.header('content-type', 'application/json; charset=utf-8').send(body)
})
app.get('/api/v1/market/quotes', (_request, reply) => {
  reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify({ quotes: objects, errors: [] }))
})
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
reportReady(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
