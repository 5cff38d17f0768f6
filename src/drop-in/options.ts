import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { SessionClock } from '../market/session-clock.ts'

/** What every vendor's routes are made with. */
export type DropInOptions = { readonly config: Config; readonly log: Logger; readonly clock: SessionClock }
