import { existsSync } from 'node:fs'
import { findServer, keyOf, type ServerOptions } from '../cli/server.ts'
import { loadConfig, type Config } from '../config/config.ts'
import type { Running } from '../embedded/running.ts'

export type RunningApi = {
  readonly url: string
  readonly key: string
  readonly config: Config
  /** Where `npm start` runs here. */
  readonly running: Running | undefined
}

/** Where the API is, with which key, and how this machine is set up. Rejects where no server or no key is known. */
export async function findApi(options: ServerOptions): Promise<RunningApi> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const server = await findServer(options)
  return { ...server, key: keyOf(server), config: loadConfig(process.env) }
}
