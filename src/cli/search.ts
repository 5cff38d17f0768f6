import { defineCommand } from './command.ts'
import { connect, SERVER_OPTIONS, serverNow } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { isTable, LIST_OPTIONS, printJson, printTable, warn } from './listing.ts'
import { originOf } from './origin.ts'

const COLUMNS = [
  { title: 'Symbol' },
  { title: 'Name', flexible: true },
  { title: 'Kind' },
  { title: 'Exchange', expendable: 1 },
  { title: 'Currency', expendable: 2 },
  { title: 'Country', expendable: 3 }
] as const

export const search = defineCommand({
  name: 'search',
  summary: 'Instruments by name or symbol',
  examples: ['quotewire search apple'],
  operands: { name: 'TEXT', description: 'A name, a part of it, or a symbol', min: 1 },
  options: {
    limit: { type: 'number', default: '10', description: 'How many at most' },
    ...LIST_OPTIONS,
    ...SERVER_OPTIONS
  },
  async run({ operands, options }) {
    const client = await connect(options)
    const asTable = isTable(options.format)
    const query = operands.join(' ')
    const [{ matches, provenance }, now] = await Promise.all([
      client.post('/api/v1/market/search', { body: { query, limit: options.limit ?? 10 } }),
      asTable ? serverNow(client) : Date.now
    ])
    if (!asTable) await printJson(matches.map((match) => ({ ...match, provenance })))
    else if (matches.length > 0) {
      await printTable(
        COLUMNS,
        matches.map(({ symbol, name = '', kind = '', exchange = '', currency = '', country = '' }) => [
          symbol,
          name,
          kind,
          exchange,
          currency,
          country
        ])
      )
      warn(originOf(provenance, now()))
    }
    if (matches.length > 0) return ExitCode.ok
    warn(`Nothing is called ${query}`)
    return ExitCode.notFound
  }
})
