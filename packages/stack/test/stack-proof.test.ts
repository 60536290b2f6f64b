import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { findProject } from '../src/project.ts'
import { opensSecretOfState } from '../src/stack-proof.ts'
import { document, newEnvelope, newKey, oldEnvelope, secret } from './state/state-documents.ts'
import { testEnvelope } from './state/vector-envelopes.ts'
import { temporaryFolder } from './temporary-folder.ts'

const oldKey = oldEnvelope.sealedKey

interface Place {
  /** Whether Pulumi.yaml names the backend; else the environment does. */
  readonly byProject?: boolean
  readonly state?: string
}

/** A project with a stack dev whose state, where there is one, is this export document. */
async function known(
  { byProject = false, state }: Place,
  opened: { readonly sealedKey: typeof oldKey; readonly envelope: typeof oldEnvelope },
): Promise<boolean> {
  const folder = temporaryFolder()
  const stacks = join(folder, 'backend/.pulumi/stacks/proj')
  mkdirSync(stacks, { recursive: true })
  const url = `file://${join(folder, 'backend')}`
  const backend = byProject ? `backend: {url: ${JSON.stringify(url)}}\n` : ''
  writeFileSync(join(folder, 'Pulumi.yaml'), `name: proj\nruntime: yaml\n${backend}`)
  if (state !== undefined) writeFileSync(join(stacks, 'dev.json'), state)
  const env = { PULUMI_HOME: join(folder, 'home'), ...(byProject ? {} : { PULUMI_BACKEND_URL: url }) }
  const project = await findProject(nodeFileSystem, folder)
  return opensSecretOfState(nodeFileSystem, { project, name: 'dev' }, opened, { cwd: folder, env })
}

const old = { sealedKey: oldKey, envelope: oldEnvelope }

test('a secret of the state that opens proves the key', async () => {
  expect(await known({ state: document(`"s":${await secret('"x"')}`) }, old)).toBe(true)
})

test('a state that the project names proves nothing: it may have come with what was checked out', async () => {
  expect(await known({ state: document(`"s":${await secret('"x"')}`), byProject: true }, old)).toBe(false)
})

test.each([
  ['no state', undefined],
  ['a state without a secret', document('"plain":1')],
  ['a state that names no key', document('"plain":1', { block: 'null' })],
])('%s proves nothing', async (_, state) => {
  expect(await known(state === undefined ? {} : { state }, old)).toBe(false)
})

test('a state of another key proves nothing', async () => {
  const state = document(`"s":${await secret('"x"')}`)
  expect(await known({ state }, { sealedKey: newKey, envelope: newEnvelope })).toBe(false)
})

test('a data key that opens no secret of the state is not proven by its name', async () => {
  const state = document(`"s":${await secret('"x"')}`)
  expect(await known({ state }, { sealedKey: oldKey, envelope: testEnvelope(9, oldKey) })).toBe(false)
})

test('a folder that is not there proves nothing', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
  const project = await findProject(nodeFileSystem, folder)
  const env = { PULUMI_BACKEND_URL: `file://${join(folder, 'nowhere')}` }
  expect(await opensSecretOfState(nodeFileSystem, { project, name: 'dev' }, old, { cwd: folder, env })).toBe(false)
})
