import type { Command } from './command.ts'
import { backfill } from './backfill.ts'
import { completionOf } from './completion.ts'
import { explain } from './explain.ts'
import { gaps } from './gaps.ts'
import { history } from './history.ts'
import { doctor, key } from './programs.ts'
import { quote } from './quote.ts'
import { replay } from './replay.ts'
import { search } from './search.ts'
import { status } from './status.ts'
import { stream } from './stream.ts'

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  quote,
  history,
  stream,
  replay,
  explain,
  search,
  status,
  gaps,
  backfill,
  doctor,
  key,
  completionOf(() => COMMANDS)
]
