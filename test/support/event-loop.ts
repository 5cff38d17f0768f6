const LOOK_EVERY_MS = 1

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

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
