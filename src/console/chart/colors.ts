/**
 * Reads a custom property of the style sheets as a colour that a canvas understands, in the theme that the page has now: the
 * browser answers `rgb(…)`, whatever way it is written. It is asked of a new element, for one that changes its colour may be
 * on its way from the former one.
 */
export function colorNow(property: string): string {
  const probe = document.createElement('i')
  probe.hidden = true
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** The same colour, as much of it as is said (0 to 1). */
export const translucent = (color: string, share: number): string =>
  color.replace(/^rgba?\(([^,]+),([^,]+),([^,)]+).*$/, `rgba($1,$2,$3,${share})`)
