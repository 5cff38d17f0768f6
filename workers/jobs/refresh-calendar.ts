import type { Handler } from '../handler.ts'

/** Reads the calendars again (as every process does by itself each minute), checks them, and warns where they end soon. */
export const refreshCalendar: Handler<'refresh-calendar'> = async (_payload, { calendars, log }) => {
  const { calendars: items, problems, ending } = await calendars.reload()
  if (problems.length > 0) log.warn({ problems }, 'exchange calendars are wrong; the ones before stay in use')
  if (ending.length > 0) log.warn({ ending }, 'exchange calendars end soon: add the next days to exchange_days')
  const notes = [...problems, ...ending]
  return { items, failures: problems.length, ...(notes.length > 0 && { note: notes.join('; ') }) }
}
