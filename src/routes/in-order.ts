/**
 * What `load` brings of each member, in the members' order: of so many at once, and none further ahead of whoever reads. Who
 * stops reading stops the loading.
 */
export async function* inOrder<T, U>(
  members: readonly T[],
  atOnce: number,
  load: (member: T) => Promise<U>
): AsyncGenerator<U, void> {
  const ahead: Promise<U>[] = []
  let next = 0
  while (next < members.length || ahead.length > 0) {
    while (next < members.length && ahead.length < atOnce) {
      const loading = load(members[next++]!)
      // It is told in its turn.
      loading.catch(() => undefined)
      ahead.push(loading)
    }
    yield await ahead.shift()!
  }
}
