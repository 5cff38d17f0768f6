import { existsSync } from 'node:fs'
import { loadConfig, type Config } from '../config/config.ts'
import { homeOf } from '../embedded/home.ts'
import { findRunning, type Running } from '../embedded/running.ts'
import { readSecret } from '../embedded/secret.ts'

/** A command lacks what it needs; how it is used is to be told. */
export class UsageError extends Error {}

export type RunningApi = {
  readonly url: string
  readonly key: string
  readonly config: Config
  /** Where `npm start` runs here. */
  readonly running: Running | undefined
}

/** Where the API is and with which key: as told, by QUOTEWIRE_KEY, or of the running `npm start`. Rejects with UsageError where neither is known. */
export async function findApi(told: { url: string | undefined; key: string | undefined }): Promise<RunningApi> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const config = loadConfig(process.env)
  const home = homeOf(config.QUOTEWIRE_HOME, config.MARKET)
  const running = await findRunning(home)
  const url = told.url ?? running?.url
  const key = told.key ?? process.env['QUOTEWIRE_KEY'] ?? (running && (await readSecret(home.firstKey)))
  if (url === undefined) throw new UsageError('--url is missing, and npm start does not run here')
  if (key === undefined) throw new UsageError('--key is missing, and QUOTEWIRE_KEY is not set')
  return { url, key, config, running }
}
