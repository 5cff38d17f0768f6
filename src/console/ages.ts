import { serverClock } from './server-clock.ts'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** Tells those who show ages that a second has passed. */
export const everySecond = {
  /** Returns how to stop listening. */
  listen(listener: () => void): () => void {
    listeners.add(listener)
    timer ??= setInterval(() => listeners.forEach((each) => each()), 1000)
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** How old an instant is by the server's clock, in milliseconds. */
export const ageMsOf = (instant: string): number => Math.max(0, serverClock.now() - Date.parse(instant))

/** A length of time in a few characters: `now`, `12 s`, `4 min`, `3 h`, `5 d`. */
export function lengthText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/** How long ago something was: `just now`, `12 s ago`. */
export const agoText = (ms: number): string => (ms < 1000 ? 'just now' : `${lengthText(ms)} ago`)

/** The age of an instant as text. */
export const ageText = (instant: string): string => lengthText(ageMsOf(instant))

/** Until something, to the second: `1:04:09`, `04:09`, `2 d 3 h`. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
  const two = (value: number) => String(value).padStart(2, '0')
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest
}
