import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Tests wait more than they compute: for processes, outages and deadlines.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000
  }
})
