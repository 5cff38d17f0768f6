import { defineConfig } from 'vitest/config'
import { SkippedTests } from './test/support/skipped-tests.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SkippedTests()],
    // Tests wait more than they compute: for processes, outages and deadlines.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000
  }
})
