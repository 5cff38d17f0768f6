/** So many members of a long list are encoded at once. */
const MEMBERS_PER_PIECE = 100

/** The JSON of a value of plain objects, lists, texts, numbers and booleans, in pieces that each cost little. */
export function* jsonPieces(value: unknown): Generator<string, void> {
  if (Array.isArray(value) && value.length <= MEMBERS_PER_PIECE) yield* shortListPieces(value)
  else if (typeof value !== 'object' || value === null) yield JSON.stringify(value) ?? 'null'
  else if (isIterable(value)) yield* longListPieces(value)
  else yield* objectPieces(value)
}

const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value

/** Of few members each may be long. */
function* shortListPieces(list: readonly unknown[]): Generator<string, void> {
  yield '['
  for (const [at, member] of list.entries()) {
    if (at > 0) yield ','
    yield* jsonPieces(member)
  }
  yield ']'
}

function* longListPieces(list: Iterable<unknown>): Generator<string, void> {
  let separator = '['
  let members: unknown[] = []
  const piece = () => separator + JSON.stringify(members).slice(1, -1)
  for (const member of list) {
    if (members.push(member) < MEMBERS_PER_PIECE) continue
    yield piece()
    separator = ','
    members = []
  }
  if (members.length > 0 || separator === '[') yield piece()
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
