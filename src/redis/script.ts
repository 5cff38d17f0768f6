import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Redis } from 'ioredis'

/** `spend-budget-n.lua`: what the command is called, and how many of its arguments are keys (`n`: the first one says so). */
const FILE_NAME = /^([a-z-]+)-(\d|n)\.lua$/

/**
 * Makes a Lua file a command of a connection, and of the pipelines that are made of it from then on. `store-in-order-1.lua`
 * becomes `storeInOrder` with one key; of `spend-budget-n.lua` the caller gives the number of keys before the keys.
 *
 * A connection sends the source once, then its digest. To a Redis that forgot it (`SCRIPT FLUSH`, another server behind the
 * same address) the source is sent again; the caller does not notice.
 *
 * Throws where the file is not there or is named otherwise.
 */
export function defineScript(redis: Redis, path: string): void {
  const [, name, keys] = FILE_NAME.exec(basename(path)) ?? []
  if (name === undefined) throw new Error(`${path} is not named like name-KEYS.lua`)
  const lua = readFileSync(path, 'utf8')
  const command = name.replaceAll(/-(\w)/g, (_hyphen, letter: string) => letter.toUpperCase())
  redis.defineCommand(command, keys === 'n' ? { lua } : { lua, numberOfKeys: Number(keys) })
}
