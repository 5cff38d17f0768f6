import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { SkippedTests } from './test/support/skipped-tests.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/same-seed.ts'],
    reporters: ['default', new SkippedTests()],
    sequence: { sequencer: LongestFirst },
    // Most of what tests do is waiting for processes: fewer leave two processors idle for a quarter of the time.
    maxWorkers: 4,
    // A process whose memory is mostly buffers, as of every API that a test starts, would collect garbage for each of them.
    execArgv: ['--external-memory-accounted-in-global-limit', '--min-semi-space-size=16', '--max-semi-space-size=32'],
    // Files share what they import: no module of ours keeps state that one test could leave to another.
    isolate: false,
    // These end what hangs: a test that promises a time measures it itself.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Of conditions that come when they come: a busy machine takes longer. Who promises a time says it.
    expect: { poll: { timeout: 30_000 } }
  }
})
