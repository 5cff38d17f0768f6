import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

type Yaml = { parse: (text: string, options: { merge: boolean }) => unknown }

/** The parser that the API's documentation brings along; nothing else here has a use for one. */
const yaml = createRequire(import.meta.resolve('@fastify/swagger'))('yaml') as Yaml

/** Parses a file of the repository, merge keys included. Throws where it is no YAML or names a key twice. */
export function readYaml(path: string): unknown {
  return yaml.parse(readFileSync(path, 'utf8'), { merge: true })
}
