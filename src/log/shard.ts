/** Everything about one symbol stays in one shard, so that its quotes, trades and bars keep their order. */
export function shardOf(topic: string, shards: number): number {
  if (shards === 1) return 0
  let hash = 0x811c9dc5
  for (let index = topic.indexOf(':') + 1; index < topic.length; index++) {
    hash = Math.imul(hash ^ topic.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) % shards
}
