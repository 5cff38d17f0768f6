import type { Gap } from '../market/gap.ts'
import { defineCommand } from './command.ts'
import { connect, SERVER_OPTIONS, serverNow } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { clock, source, span } from './figures.ts'
import { isTable, LIST_OPTIONS, printJson, printTable, warn } from './listing.ts'
import type { Style } from './paint.ts'
import type { Cell } from './table.ts'

const GAP_STATES = ['open', 'filling', 'filled', 'unfillable'] as const satisfies readonly Gap['state'][]
const GAP_REASONS = [
  'outage',
  'mute',
  'down',
  'suspended',
  'log_lost',
  'joined_late',
  'overflow',
  'withheld'
] as const satisfies readonly Gap['reason'][]
const STYLES: Record<Gap['state'], Style> = { open: 'bad', filling: 'warning', filled: 'good', unfillable: 'faint' }
const DEFAULT_LIMIT = 100

const COLUMNS = [
  { title: 'From (UTC)' },
  { title: 'Lasted', align: 'right' },
  { title: 'Source', flexible: true },
  { title: 'Symbol' },
  { title: 'Reason' },
  { title: 'State' },
  { title: 'Since', align: 'right', expendable: 1 },
  { title: 'Detail', flexible: true, expendable: 2 }
] as const

export const gaps = defineCommand({
  name: 'gaps',
  summary: 'When something of streams may be missing, why, and what became of it; newest first',
  notes: ['A gap without a symbol concerns all that its feed carries.'],
  examples: ['quotewire gaps --state open', 'quotewire gaps AAPL --from 2027-01-15'],
  operands: { name: 'SYMBOL', description: 'Its gaps, and those of all that a feed carries', min: 0, max: 1 },
  options: {
    state: { type: 'text', choices: GAP_STATES, description: 'What became of them' },
    reason: { type: 'text', choices: GAP_REASONS, description: 'Why data may be missing' },
    from: { type: 'text', value: 'WHEN', default: '30 days ago', description: 'A date or an instant (UTC)' },
    to: { type: 'text', value: 'WHEN', default: 'now', description: 'A date or an instant (UTC)' },
    limit: { type: 'number', default: `${DEFAULT_LIMIT}`, description: 'How many at most' },
    ...LIST_OPTIONS,
    ...SERVER_OPTIONS
  },
  async run({ operands, options }) {
    const client = await connect(options)
    const { state, reason, from: start, to: end, limit = DEFAULT_LIMIT } = options
    const found: Gap[] = []
    const [symbol] = operands
    let page: string | undefined
    do {
      const query = { symbol, state, reason, start, end, limit: Math.min(limit - found.length, 1000), page }
      const answer = await client.get('/api/v1/marketdata/gaps', { query })
      found.push(...answer.gaps)
      page = answer.next
    } while (page !== undefined && found.length < limit)
    if (!isTable(options.format)) await printJson(found)
    else if (found.length > 0) {
      const now = await serverNow(client)
      await printTable(
        COLUMNS,
        found.map((gap) => rowOf(gap, now()))
      )
    }
    if (found.length === 0) warn('No gaps')
    if (page !== undefined) warn(`These are the newest ${limit}: --limit shows more`)
    return ExitCode.ok
  }
})

function rowOf(gap: Gap, now: number): Cell[] {
  const { symbol = 'all', from, until, reason, state, stateAt, detail = '' } = gap
  const end = until === undefined ? now : Date.parse(until)
  return [
    clock(from, now),
    `${until === undefined ? 'still, ' : ''}${span(end - Date.parse(from))}`,
    source(gap),
    symbol,
    reason,
    { text: state, style: STYLES[state] },
    clock(stateAt, now),
    detail
  ]
}
