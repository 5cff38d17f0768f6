/** So many members of a long list are encoded at once. */
const MEMBERS_PER_PIECE = 100

/** The JSON of a value of plain objects, lists, texts, numbers and booleans, in pieces that each cost little. */
export function* jsonPieces(value: unknown): Generator<string, void> {
  if (Array.isArray(value)) yield* listPieces(value)
  else if (typeof value === 'object' && value !== null) yield* objectPieces(value)
  else yield JSON.stringify(value) ?? 'null'
}

function* listPieces(list: readonly unknown[]): Generator<string, void> {
  yield '['
  if (list.length <= MEMBERS_PER_PIECE) {
    for (const [at, member] of list.entries()) {
      if (at > 0) yield ','
      yield* jsonPieces(member)
    }
  } else {
    for (let at = 0; at < list.length; at += MEMBERS_PER_PIECE) {
      const piece = JSON.stringify(list.slice(at, at + MEMBERS_PER_PIECE)).slice(1, -1)
      yield at > 0 ? `,${piece}` : piece
    }
  }
  yield ']'
}

function* objectPieces(object: object): Generator<string, void> {
  let separator = '{'
  for (const [key, member] of Object.entries(object)) {
    if (member === undefined) continue
    yield `${separator}${JSON.stringify(key)}:`
    yield* jsonPieces(member)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}
