import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from './config/config.ts'

const OPTIONS: LoggerOptions = {
  serializers: { err: toldError },
  formatters: { level: (label) => ({ level: label }) },
  timestamp: pino.stdTimeFunctions.isoTime
}

/**
 * A logger that writes to the standard output, or to `destination`. `json`: one object per line, with the level's name and
 * the instant in ISO 8601, UTC. `text`: the same for people, with what belongs to a message indented below it.
 */
export function createLogger(
  { LOG_LEVEL: level, LOG_FORMAT }: Pick<Config, 'LOG_LEVEL' | 'LOG_FORMAT'>,
  destination: DestinationStream = pino.destination({ fd: 1, sync: true })
): Logger {
  const options = { ...OPTIONS, level }
  if (LOG_FORMAT === 'json') return pino(options, destination)
  return pino(options, pretty({ destination, colorize: false, ignore: 'pid,hostname', translateTime: false }))
}

/** An error without the parameters of failed statements, among which are hashes of keys and what users wrote. */
export function toldError(error: Error): object {
  const told: Record<string, unknown> = { ...pino.stdSerializers.err(error) }
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (!('params' in each)) continue
    const [statement = ''] = each.message.split('\nparams:')
    for (const field of ['message', 'stack']) told[field] = String(told[field]).replaceAll(each.message, statement)
  }
  delete told['params']
  return told
}
