import { afterAll, beforeAll, describe } from 'vitest'
import { startConsole, type ConsoleUnderTest } from './console-under-test.ts'
import { overviewTests } from './overview.ts'
import { fileTests } from './files.ts'
import { sessionTests } from './session.ts'
import { operationsTests } from './operations.ts'
import { shellTests } from './shell.ts'
import { symbolTests } from './symbol.ts'
import { watchlistTests } from './watchlist.ts'

let console: ConsoleUnderTest

beforeAll(async () => {
  console = await startConsole()
})
afterAll(() => console.close())

const use = (): ConsoleUnderTest => console

describe('the files of the console', () => fileTests(use))
describe('the session', () => sessionTests(use))
describe('the market overview', () => overviewTests(use))
describe('the watchlist', () => watchlistTests(use))
describe('operations', () => operationsTests(use))
describe('the page of a symbol', () => symbolTests(use))
describe('the shell', () => shellTests(use))
