import type { Archive } from '../market/archive.ts'

export type ReplicatedArchiveOptions = {
  readonly primary: Archive
  readonly replica: Archive
  /** Whether the replica may be asked now. */
  readonly keepsUp: () => boolean
}

/**
 * What is stored, read from a replica while that keeps up. What the replica cannot answer the primary is asked: a replica that
 * has just gone, one that ends long reads to make room for what it replays, and what was stored a moment ago.
 */
export function replicatedArchive({ primary, replica, keepsUp }: ReplicatedArchiveOptions): Archive {
  const reads = Object.keys(primary).map((name) => {
    const [first, second] = [replica, primary].map((archive) => archive[name as keyof Archive] as Read)
    const read: Read = async (...args) => (keepsUp() ? first!(...args).catch(() => second!(...args)) : second!(...args))
    return [name, read]
  })
  return Object.fromEntries(reads) as Archive
}

type Read = (...args: readonly unknown[]) => Promise<unknown>
