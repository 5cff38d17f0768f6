import type { Frames } from './api.ts'

/** What stands in a frame beside its names: the cursor at most. */
const FRAME_HEAD_BYTES = 4500

/** Frames that tell of several symbols or channels at once. */
export type ListFrame = Frames['subscribed' | 'unsubscribed' | 'served_by' | 'snapshot' | 'resumed' | 'gap']

/** The symbols or channels of a frame's lists; undefined where it names none. */
export function namesIn({ data }: ListFrame): readonly string[] | undefined {
  const named = Object.values(data)
    .filter((list) => Array.isArray(list))
    .flatMap((list: unknown[]) => list.map(nameOf))
    .filter((name) => name !== undefined)
  if (named.length > 0) return named
  return 'channel' in data && data.channel !== undefined ? [data.channel] : undefined
}

/** The frame without what is about other names. */
export function narrowed(frame: ListFrame, isKept: (name: string) => boolean): ListFrame {
  if (namesIn(frame)?.every(isKept) ?? true) return frame
  const data = Object.entries(frame.data).map(([field, value]: [string, unknown]) => {
    if (!Array.isArray(value)) return [field, value]
    return [field, value.filter((item: unknown) => isKeptItem(nameOf(item), isKept))]
  })
  return { ...frame, data: Object.fromEntries(data) as never }
}

const isKeptItem = (name: string | undefined, isKept: (name: string) => boolean) => name === undefined || isKept(name)

function nameOf(item: unknown): string | undefined {
  if (typeof item === 'string') return item
  const { symbol, channel } = (item ?? {}) as { symbol?: string; channel?: string }
  return symbol ?? channel
}

/** Takes as many names out of a set as fit into a frame of so many bytes. */
export function taken(names: Set<string>, most: number, frameBytes: number): Set<string> {
  const chosen = new Set<string>()
  let bytes = FRAME_HEAD_BYTES
  for (const name of names) {
    // Each with its quotes and comma; outside of ASCII a character takes up to three bytes.
    bytes += 3 * name.length + 3
    if (chosen.size > 0 && (chosen.size >= most || bytes > frameBytes)) break
    names.delete(name)
    chosen.add(name)
  }
  return chosen
}
