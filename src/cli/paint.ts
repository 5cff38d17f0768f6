import { styleText } from 'node:util'

export type Style = 'good' | 'bad' | 'warning' | 'faint' | 'title'
const LOOKS = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  faint: 'dim',
  title: 'bold'
} as const satisfies Record<Style, Parameters<typeof styleText>[0]>

export type Paint = (style: Style | undefined, text: string) => string

/** Colours where the stream is a terminal that shows them, and NO_COLOR does not forbid it; FORCE_COLOR asks for them. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  return (style, text) => (style === undefined || text === '' ? text : styleText(LOOKS[style], text, { stream }))
}
