import { pino, type Logger, type LevelWithSilent } from 'pino'

/** One JSON object per line on the standard output. */
export function createLogger(level: LevelWithSilent): Logger {
  return pino({ level, serializers: { err: toldError } })
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
