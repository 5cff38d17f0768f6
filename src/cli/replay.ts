import { defineCommand } from './command.ts'
import { SERVER_OPTIONS } from './connection.ts'
import { UsageError } from './failure.ts'
import { runProgram } from './programs.ts'

export const replay = defineCommand({
  name: 'replay',
  summary: 'Stored trades as they came, at any speed: a line of JSON for each, with corrections and cancellations',
  examples: ['quotewire replay AAPL MSFT --from 2027-01-15T14:30:00Z --speed 60'],
  operands: { name: 'SYMBOL', description: 'Up to 100 of them', min: 1, max: 100 },
  options: {
    from: { type: 'text', value: 'WHEN', description: 'A date (midnight UTC) or an instant' },
    until: { type: 'text', value: 'WHEN', default: 'now', description: 'The same, where the replay ends' },
    speed: {
      type: 'text',
      value: 'N',
      default: 'max: as fast as they are read',
      description: 'Seconds of the replay in one second'
    },
    ...SERVER_OPTIONS
  },
  async run({ operands, options }) {
    if (options.from === undefined) throw new UsageError('--from is missing: a date (midnight UTC) or an instant')
    const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
    return runProgram('replay', ['--symbols', operands.join(','), ...given])
  }
})
