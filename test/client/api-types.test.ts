import { format, resolveConfig } from 'prettier'
import { expect, onTestFinished, test } from 'vitest'
import { clientTypes, type OpenApi } from '../../src/commands/client-types.ts'
import { asyncApi } from '../../src/hub/async-api.ts'
import { startWorld } from '../support/api.ts'

const FOLDER = 'src/client'

test('the types of the client library are those that the server documents (npm run client:types writes them)', async () => {
  const world = await startWorld()
  onTestFinished(() => world.close())
  const api = await world.startApi()
  const openApi = (await api.get('/openapi.json')).json() as OpenApi
  const { api: own, operators } = clientTypes(openApi, asyncApi)
  const style = await resolveConfig(`${FOLDER}/api.ts`)
  for (const [file, types] of Object.entries({ 'api.ts': own, 'operator-api.ts': operators })) {
    const text = await format(types, { ...style, parser: 'typescript' })
    await expect(text).toMatchFileSnapshot(`../../${FOLDER}/${file}`)
  }
})
