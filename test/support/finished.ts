/** What a computation that yields in between comes to, all at once. */
export function finished<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}
