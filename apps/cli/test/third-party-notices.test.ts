import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const [, ...entries] = readFileSync(`${DIST}/THIRD-PARTY-NOTICES.txt`, 'utf8').split(/^-{80}\n/m)
// Words that every licence has in which others let their work be passed on.
const GRANTS =
  /permission is hereby granted|redistribution and use|permission to use, copy, modify|Apache License|public domain/i

test('every package that is bundled is there in each of its versions, with the text of its licence', () => {
  const heads = entries.map((entry) => entry.slice(0, entry.indexOf('\n')))
  expect(heads.length).toBeGreaterThan(100)
  expect(new Set(heads).size).toBe(heads.length)
  for (const entry of entries) {
    expect(entry).toMatch(/^\S+ \d+\.\d+\.\d+\S* \([^)]+\)\n\n/)
    expect(entry).toMatch(GRANTS)
  }
})

test.each([
  '@aws-sdk/client-kms',
  '@azure/identity',
  '@azure/keyvault-keys',
  '@typespec/ts-http-runtime',
  '@google-cloud/kms',
  '@grpc/grpc-js',
  'node-vault',
  'yaml',
  'zxcvbn',
])('%s is among them', (name) => {
  expect(entries.filter((entry) => entry.startsWith(`${name} `))).not.toEqual([])
})

test('every file of somebody else that the bundle names is of one of them', () => {
  // The bundler writes the path of a module above what it took from it.
  const path =
    /^\/\/(?:#region)? \S*node_modules\/\.pnpm\/@?[^/@]+@(\d[^/_(]*)[^/]*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm
  const bundled = globSync('*.mjs', { cwd: DIST }).flatMap((file) =>
    [...readFileSync(`${DIST}/${file}`, 'utf8').matchAll(path)].map(([, version, name]) => `${name} ${version}`),
  )
  const named = new Set(entries.map((entry) => entry.split(' ', 2).join(' ')))
  expect(new Set(bundled).size).toBeGreaterThan(50)
  expect([...new Set(bundled)].filter((each) => !named.has(each))).toEqual([])
})
