import { bashScript, zshScript } from './completion-scripts.ts'
import { defineCommand, type Command } from './command.ts'
import { ExitCode } from './exit-code.ts'
import { standardOutput } from './output.ts'

const SHELLS = { bash: bashScript, zsh: zshScript } as const

/** `commandsOf`: the table, which holds this command too. */
export const completionOf = (commandsOf: () => readonly Command[]): Command =>
  defineCommand({
    name: 'completion',
    summary: 'Prints what teaches a shell to complete commands, options and their values',
    examples: ['source <(quotewire completion bash)', 'quotewire completion zsh > "${fpath[1]}/_quotewire"'],
    operands: { name: 'SHELL', description: 'Which shell', min: 1, max: 1, choices: Object.keys(SHELLS) },
    options: {},
    async run({ operands }) {
      await standardOutput.write(SHELLS[operands[0] as keyof typeof SHELLS](commandsOf()))
      return ExitCode.ok
    }
  })
