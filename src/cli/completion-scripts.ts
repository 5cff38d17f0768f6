import type { Command, Option, Positional } from './command.ts'

const HELP = '--help'

/** What bash reads to complete commands, options, and values that are of a few. */
export function bashScript(commands: readonly Command[]): string {
  const values = commands.flatMap(({ name, options }) =>
    Object.entries(options).flatMap(([option, { choices, isFile, type }]) => {
      if (type === 'flag') return []
      const pattern = quoted(`${name} --${option}`)
      if (isFile) return [`    ${pattern}) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;`]
      return [`    ${pattern}) words=${quoted((choices ?? []).join(' '))} ;;`]
    })
  )
  const words = commands.map(({ name, operands, options, takesAll }) => {
    const names = takesAll ? [] : [...Object.keys(options).map((option) => `--${option}`), HELP]
    return `      ${name}) words=${quoted([...(operands?.choices ?? []), ...names].join(' '))} ;;`
  })
  return `_quotewire() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} words
  # --format=csv is three words here.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=\${COMP_WORDS[COMP_CWORD - 2]}
  COMPREPLY=()
  case "$command $previous" in
${values.join('\n')}
    *) case "$command" in
${words.join('\n')}
    esac ;;
  esac
  ((COMP_CWORD == 1)) && words=${quoted([...commands.map(({ name }) => name), HELP, '--version'].join(' '))}
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _quotewire quotewire
`
}

/** The same for zsh: good as a file of its function path, and to be read at its start. */
export function zshScript(commands: readonly Command[]): string {
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`)
  const cases = commands.map(
    ({ name, operands, options, takesAll }) => `    ${name})
      ${takesAll ? '_default' : `_arguments ${specsOf(options, operands).map(quoted).join(' ')}`}
      ;;`
  )
  return `#compdef quotewire
_quotewire() {
  local -a commands=(
${names.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _quotewire ]]; then _quotewire "$@"; else compdef _quotewire quotewire; fi
`
}

function specsOf(options: Command['options'], operands: Positional | undefined): string[] {
  return [
    ...Object.entries(options).map(
      ([name, option]) => `--${name}[${escaped(option.description)}]${valueSpec(name, option)}`
    ),
    `${HELP}[Says more]`,
    ...(operands ? [`*:${escaped(operands.name)}:${operands.choices ? `(${operands.choices.join(' ')})` : ''}`] : [])
  ]
}

function valueSpec(name: string, { type, choices, isFile }: Option): string {
  if (type === 'flag') return ''
  return `:${name}:${isFile ? '_files' : choices ? `(${choices.join(' ')})` : ''}`
}

const escaped = (text: string) => text.replaceAll(/[[\]:\\]/g, '\\$&')
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
