import { relative } from 'node:path'
import type { Reporter, TestModule, TestSuite, Vitest } from 'vitest/node'

/** How the name of a test says why it can be skipped: in brackets at the end, as in "(needs curl)" or "(Linux only)". */
const REASON = /\([^()]*\b(needs|skipped|only)\b[^()]*\)$/

/** Ends the output of a run with the tests that were skipped and why, so that none is missing unnoticed. */
export class SkippedTests implements Reporter {
  #isFiltered = false

  onInit({ config }: Vitest): void {
    this.#isFiltered = config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#isFiltered) return
    const lines = modules.flatMap((module) =>
      skippedIn(module).map((name) => `  ${relative(process.cwd(), module.moduleId)} > ${name}`)
    )
    if (lines.length > 0) process.stdout.write(`\nSkipped:\n${lines.join('\n')}\n`)
  }
}

/** A group of tests that says why it is skipped stands for all of them. What a failed hook kept from running is not meant. */
function skippedIn(parent: TestModule | TestSuite): string[] {
  return [...parent.children].flatMap((child) => {
    const isSkipped = child.options.mode === 'skip'
    const saysWhy = REASON.test(child.name)
    if (child.type === 'suite' && !(isSkipped && saysWhy)) return skippedIn(child)
    return isSkipped ? [saysWhy ? child.fullName : `${child.fullName} (TELLS NO REASON)`] : []
  })
}
