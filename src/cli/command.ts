/** One option of a command, as help, parsing and completion read it. */
export type Option = {
  readonly type: 'text' | 'number' | 'flag'
  /** What stands for its value in help: `FILE`. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** Said in help; the command itself decides what it means to leave the option out. */
  readonly default?: string
  readonly isFile?: boolean
  readonly description: string
}
export type Options = { readonly [name: string]: Option }

/** What stands behind a command without `--`. */
export type Positional = {
  readonly name: string
  readonly description: string
  readonly min: number
  /** Without it there is no most. */
  readonly max?: number
  readonly choices?: readonly string[]
}

type ValueOf<O extends Option> = O extends { type: 'flag' }
  ? boolean
  : O extends { type: 'number' }
    ? number | undefined
    : O extends { choices: readonly (infer Choice)[] }
      ? Choice | undefined
      : string | undefined

/** The values of options by name; one that was not given is undefined, a flag false. */
export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> }

export type Invocation<O extends Options> = {
  readonly operands: readonly string[]
  readonly options: Values<O>
}

export type Command<O extends Options = Options> = {
  readonly name: string
  readonly summary: string
  /** More lines of help. */
  readonly notes?: readonly string[]
  readonly examples?: readonly string[]
  readonly operands?: Positional
  readonly options: O
  /** Its operands are all of its arguments, unread: they are another program's. */
  readonly takesAll?: boolean
  /** Resolves with the exit code; rejects with UsageError, or with what failed. */
  run(invocation: Invocation<O>): Promise<number>
}

/** Keeps the types of a command's options for its `run`. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
  return command
}
