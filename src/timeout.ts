/**
 * What the work comes to, or what `late` says where that takes longer than `timeoutMs`; `late` may throw. The work goes on
 * all the same, and how it ends then concerns nobody. No timer is left behind.
 */
export async function withTimeout<T, Late>(work: Promise<T>, timeoutMs: number, late: () => Late): Promise<T | Late> {
  const { promise: timeout, resolve, reject } = Promise.withResolvers<Late>()
  const timer = setTimeout(() => {
    try {
      resolve(late())
    } catch (error) {
      reject(error)
    }
  }, timeoutMs)
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What the work comes to, unless the signal aborts before: then it rejects with the signal's reason at once, even where the
 * work (a vendor's library, say) does not listen to the signal. No listener is left behind.
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(asError(signal.reason))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason)))
