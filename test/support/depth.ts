const DEPTH = Number(process.env['TEST_DEPTH'] ?? 1)

/** How often a test at random tries: `runs` with every run of all tests, and TEST_DEPTH times as often where that is set. */
export const runsOf = (runs: number): number => Math.ceil(runs * DEPTH)
