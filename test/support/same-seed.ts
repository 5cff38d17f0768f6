import fc from 'fast-check'

/**
 * Tests at random try the same values in every run, so that one turns red with a change and not by itself. TEST_DEPTH tries
 * others each time.
 */
if (process.env['TEST_DEPTH'] === undefined) fc.configureGlobal({ seed: 20_261_201 })
