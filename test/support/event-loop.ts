const LOOK_EVERY_MS = 1
const WAITING_BEAT_MS = 10

/**
 * Watches how long this process keeps its event loop: in processor time, because on a busy machine the clock goes on while
 * the process stands still.
 */
export function watchEventLoop(): { cpuMs(): number; longestMs(): number } {
  let longestMs = 0
  let lookedAt = cpuMs()
  const look = () => {
    const now = cpuMs()
    longestMs = Math.max(longestMs, now - lookedAt)
    lookedAt = now
  }
  setInterval(look, LOOK_EVERY_MS)
  return {
    cpuMs,
    /** The longest that the event loop was kept since the last call, in milliseconds of processor time. */
    longestMs() {
      look()
      const longest = longestMs
      longestMs = 0
      return longest
    }
  }
}

/**
 * Counts the time that this process waits: each beat of a timer that comes is a beat of waiting. While the process computes,
 * or a busy machine keeps it from its processor, none comes.
 */
export function watchWaiting(): { waitedMs(): number } & Disposable {
  let beats = 0
  const beat = setInterval(() => beats++, WAITING_BEAT_MS)
  return { waitedMs: () => beats * WAITING_BEAT_MS, [Symbol.dispose]: () => clearInterval(beat) }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
