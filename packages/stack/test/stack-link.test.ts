import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { replaceFile } from '../src/files/replace-file.ts'
import { resolveStackFile } from '../src/stack-link.ts'
import { bytesOf, temporaryFolder } from './temporary-folder.ts'
import { thrownBy } from './thrown-by.ts'

interface Place {
  readonly project: string
  readonly outside: string
}

function place(): Place {
  const root = temporaryFolder()
  const [project, outside] = [join(root, 'project'), join(root, 'outside')]
  mkdirSync(join(project, 'stacks'), { recursive: true })
  mkdirSync(outside)
  return { project, outside }
}

const resolved = (projectFolder: string, path: string, followLinks = false): string =>
  resolveStackFile(nodeFileSystem, path, { projectFolder, followLinks })

test('a file without links, there or not, is where it is', () => {
  const { project } = place()
  const file = join(project, 'Pulumi.dev.yaml')
  expect(resolved(project, file)).toBe(file)
  writeFileSync(file, '')
  expect(resolved(project, file)).toBe(file)
  expect(resolved(project, join(project, 'missing', 'Pulumi.dev.yaml'))).toBe(
    join(project, 'missing', 'Pulumi.dev.yaml'),
  )
  expect(resolved(project, join(project, '..dev.yaml'))).toBe(join(project, '..dev.yaml'))
})

const INSIDE: readonly { readonly what: string; readonly make: (place: Place) => { path: string; target: string } }[] =
  [
    {
      what: 'a link to a file',
      make: ({ project }) => {
        const target = join(project, 'stacks/dev.yaml')
        writeFileSync(target, '')
        symlinkSync('stacks/dev.yaml', join(project, 'Pulumi.dev.yaml'))
        return { path: join(project, 'Pulumi.dev.yaml'), target }
      },
    },
    {
      what: 'a link to a file that is not there yet',
      make: ({ project }) => {
        symlinkSync('stacks/dev.yaml', join(project, 'Pulumi.dev.yaml'))
        return { path: join(project, 'Pulumi.dev.yaml'), target: join(project, 'stacks/dev.yaml') }
      },
    },
    {
      what: 'a link to a link',
      make: ({ project }) => {
        symlinkSync('second', join(project, 'Pulumi.dev.yaml'))
        symlinkSync('stacks/dev.yaml', join(project, 'second'))
        return { path: join(project, 'Pulumi.dev.yaml'), target: join(project, 'stacks/dev.yaml') }
      },
    },
    {
      what: 'a folder that is a link',
      make: ({ project }) => {
        symlinkSync('stacks', join(project, 'linked'))
        return { path: join(project, 'linked/Pulumi.dev.yaml'), target: join(project, 'stacks/Pulumi.dev.yaml') }
      },
    },
    {
      what: 'a folder that is a link to one that is not there yet',
      make: ({ project }) => {
        symlinkSync('later', join(project, 'linked'))
        return { path: join(project, 'linked/Pulumi.dev.yaml'), target: join(project, 'later/Pulumi.dev.yaml') }
      },
    },
  ]

test.each(INSIDE)('$what inside the project is followed', ({ make }) => {
  const where = place()
  const { path, target } = make(where)
  expect(resolved(where.project, path)).toBe(target)
})

test('the project itself may be reached by a link, under either name', () => {
  const { project, outside } = place()
  const alias = join(outside, 'alias')
  symlinkSync(project, alias)
  const file = join(project, 'Pulumi.dev.yaml')
  expect(resolved(alias, join(alias, 'Pulumi.dev.yaml'))).toBe(file)
  expect(resolved(alias, file)).toBe(file)
  expect(resolved(project, join(alias, 'Pulumi.dev.yaml'))).toBe(file)
  symlinkSync('../dev.yaml', join(project, 'stacks/Pulumi.dev.yaml'))
  expect(resolved(alias, join(project, 'stacks/Pulumi.dev.yaml'))).toBe(join(project, 'dev.yaml'))
})

const LEAVING: readonly { readonly what: string; readonly make: (place: Place) => { path: string; target: string } }[] =
  [
    {
      what: 'a link to a file',
      make: ({ project, outside }) => {
        writeFileSync(join(outside, 'precious'), '')
        symlinkSync(join(outside, 'precious'), join(project, 'Pulumi.dev.yaml'))
        return { path: join(project, 'Pulumi.dev.yaml'), target: join(outside, 'precious') }
      },
    },
    {
      what: 'a link to a file that is not there',
      make: ({ project, outside }) => {
        symlinkSync('../outside/new', join(project, 'Pulumi.dev.yaml'))
        return { path: join(project, 'Pulumi.dev.yaml'), target: join(outside, 'new') }
      },
    },
    {
      what: 'a link by way of one inside',
      make: ({ project, outside }) => {
        symlinkSync('stacks/second', join(project, 'Pulumi.dev.yaml'))
        symlinkSync('../../outside/new', join(project, 'stacks/second'))
        return { path: join(project, 'Pulumi.dev.yaml'), target: join(outside, 'new') }
      },
    },
    {
      what: 'a folder that is a link',
      make: ({ project, outside }) => {
        symlinkSync(outside, join(project, 'linked'))
        return { path: join(project, 'linked/Pulumi.dev.yaml'), target: join(outside, 'Pulumi.dev.yaml') }
      },
    },
    {
      what: 'a folder whose name begins with that of the project',
      make: ({ project }) => {
        mkdirSync(`${project}-2`)
        symlinkSync('../project-2/dev.yaml', join(project, 'Pulumi.dev.yaml'))
        return { path: join(project, 'Pulumi.dev.yaml'), target: `${project}-2/dev.yaml` }
      },
    },
  ]

test.each(LEAVING)('$what that leaves the project is refused, and followed when asked to', ({ make }) => {
  const where = place()
  const { path, target } = make(where)
  const error = thrownBy(() => resolved(where.project, path))
  expect(error.code).toBe('ERR_LINK_NOT_FOLLOWED')
  expect(error.details).toEqual({ file: path, target, changed: false })
  expect(error.message).toMatch(/ was not changed$/)
  expect(resolved(where.project, path, true)).toBe(target)
})

test('a path that the user named outside the project is followed inside its own folder alone', () => {
  const { project, outside } = place()
  const path = join(outside, 'Pulumi.dev.yaml')
  expect(resolved(project, path)).toBe(path)
  symlinkSync('other.yaml', path)
  expect(resolved(project, path)).toBe(join(outside, 'other.yaml'))
  symlinkSync('../precious', join(outside, 'Pulumi.prod.yaml'))
  expect(thrownBy(() => resolved(project, join(outside, 'Pulumi.prod.yaml'))).code).toBe('ERR_LINK_NOT_FOLLOWED')
})

test('links in a circle are an error', () => {
  const { project } = place()
  symlinkSync('b', join(project, 'a'))
  symlinkSync('a', join(project, 'b'))
  const error = thrownBy(() => resolved(project, join(project, 'a')))
  expect(error.code).toBe('ERR_IO')
  expect(error.message).toContain('in a circle')
})

test('a link to a stack file stays a link when the file is replaced, and both names have one lock', async () => {
  const { project } = place()
  const [link, target] = [join(project, 'Pulumi.dev.yaml'), join(project, 'stacks/dev.yaml')]
  writeFileSync(target, 'old')
  symlinkSync('stacks/dev.yaml', link)
  const path = resolved(project, link)
  const lock = await acquireLock(nodeFileSystem, path, { command: 'test' })
  const second = acquireLock(nodeFileSystem, resolved(project, target), { command: 'test', timeoutMs: 0 })
  await expect(second).rejects.toMatchObject({ code: 'ERR_LOCKED' })
  replaceFile(nodeFileSystem, path, bytesOf('new'), bytesOf('old'))
  lock.release()
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect([readlinkSync(link), readFileSync(target, 'utf8')]).toEqual(['stacks/dev.yaml', 'new'])
})
