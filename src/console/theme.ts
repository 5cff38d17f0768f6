import { Value } from './value.ts'

const KEY = 'quotewire.theme'

export type Theme = 'light' | 'dark'

const ofSystem = matchMedia('(prefers-color-scheme: dark)')
const chosen = (): Theme | undefined => {
  const held = document.documentElement.dataset['theme']
  return held === 'light' || held === 'dark' ? held : undefined
}

/** What is shown: what was chosen here, else what the system says. */
export const theme = new Value<Theme>(chosen() ?? (ofSystem.matches ? 'dark' : 'light'))

ofSystem.addEventListener('change', ({ matches }) => {
  if (chosen() === undefined) theme.set(matches ? 'dark' : 'light')
})

/** Goes to the other theme. A choice that is the system's too is forgotten, so that it follows the system again. */
export function switchTheme(): void {
  const next: Theme = theme.now === 'dark' ? 'light' : 'dark'
  if (next === (ofSystem.matches ? 'dark' : 'light')) {
    delete document.documentElement.dataset['theme']
    localStorage.removeItem(KEY)
  } else {
    document.documentElement.dataset['theme'] = next
    localStorage.setItem(KEY, next)
  }
  theme.set(next)
}
