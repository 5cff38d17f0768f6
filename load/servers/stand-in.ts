import { reportReady } from '../../src/embedded/child.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Instrument } from '../../src/sandbox/universe/instrument.ts'
import { UNIVERSE } from '../../src/sandbox/universe/universe.ts'
import { answerQuestions } from '../conversation.ts'
import { SYMBOLS, symbolAt } from '../ticks.ts'

/** The simulated market, with as many more US shares as a load asks for, and TWS that gives a line for each. */
const models = UNIVERSE.filter(({ kind, venue }) => kind === 'equity' && (venue === 'nasdaq' || venue === 'nyse'))
const shares = Array.from({ length: SYMBOLS }, (_, index): Instrument => ({
  ...models[index % models.length]!,
  symbol: symbolAt(index),
  name: `Share ${index}`
}))
const sandbox = await startSandbox({
  instruments: [...UNIVERSE, ...shares],
  tickMs: Number(process.env['SANDBOX_TICK_MS']),
  twsPort: 0,
  twsMaxLines: SYMBOLS
})
answerQuestions({ twsPort: () => sandbox.twsPort })
reportReady(sandbox.url)
