import { Type, type Static } from 'typebox'
import { InvalidField } from '../errors.ts'
import type { PlaybackRequest } from '../playback/playback.ts'
import { DayOrInstant, instantOf } from './instant.ts'

const MAX_SPEED = 100_000
const DEFAULT_SPEED = 1
const AT_ONCE = 'max'

/** Whether a connection gets what happens, or a replay of what is stored. Tokens may stand beside it. */
export const ReplayQuery = Type.Object({
  replay: Type.Optional(DayOrInstant('Replay the stored trades from this date (midnight UTC) or instant on')),
  until: Type.Optional(DayOrInstant('End before this date (midnight UTC) or instant; without it, at the present one')),
  speed: Type.Optional(
    Type.String({
      title: `a number above 0, up to ${MAX_SPEED}, or ${AT_ONCE}`,
      pattern: `^(${AT_ONCE}|[0-9]{1,6}([.][0-9]{1,6})?)$`,
      description: `Seconds of the replay in one second (default ${DEFAULT_SPEED}); ${AT_ONCE}: as fast as the client reads`,
      examples: ['60']
    })
  )
})

/** What a connection asks to have replayed, if it does. Throws INVALID_REQUEST naming the parameter at fault. */
export function playbackRequestOf(query: Static<typeof ReplayQuery>, now: number): PlaybackRequest | undefined {
  const { replay, until, speed } = query
  if (replay === undefined) {
    const beside = until === undefined ? (speed === undefined ? undefined : 'speed') : 'until'
    if (beside) throw new InvalidField(beside, 'stands beside replay, which is missing')
    return undefined
  }
  const from = instantOf(replay)
  if (from >= now) throw new InvalidField('replay', 'lies in the future')
  const end = until === undefined ? now : instantOf(until)
  if (end > now) throw new InvalidField('until', 'lies in the future')
  if (end <= from) throw new InvalidField('until', 'must lie after replay')
  return { from, until: end, speed: speedOf(speed) }
}

function speedOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SPEED
  if (text === AT_ONCE) return Infinity
  const speed = Number(text)
  if (speed <= 0 || speed > MAX_SPEED)
    throw new InvalidField('speed', `must lie above 0, up to ${MAX_SPEED}, or be ${AT_ONCE}`)
  return speed
}
