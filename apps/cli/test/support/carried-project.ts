import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { outputsVector, type StateProject, stateProject } from './state-project.ts'
import { folder } from './stackseal.ts'

/** A small `pulumi`: it keeps one state in a file, notes how it was called, and does what a test has laid down for it. */
const PULUMI = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/calls"
env >>"$here/env-$2"
[ -e "$here/on-$2" ] && . "$here/on-$2"
case $2 in
  export) cat "$here/state" ;;
  import)
    cat >"$here/next-$$"
    if [ "$(tail -n 1 "$here/next-$$")" != "}" ]; then echo "error: unexpected end of JSON input" >&2; exit 255; fi
    mv "$here/next-$$" "$here/state"
    ;;
esac
[ -e "$here/after-$2" ] && . "$here/after-$2"
exit 0
`

/** A project whose state only this `pulumi` reaches. */
export interface CarriedProject extends StateProject {
  readonly text: () => string
  /** What the `pulumi` holds. */
  readonly carried: () => string
  /** The arguments of each of its runs. */
  readonly calls: () => readonly string[]
  /** The environments of all runs of a command. */
  readonly envOf: (command: 'export' | 'import') => string
  /** A piece of shell that it runs first, or last; `$here` is its folder, with `state` in it. */
  readonly on: (command: 'export' | 'import', shell: string, when?: 'on' | 'after') => void
  /** What a change may have left. */
  readonly leftovers: () => readonly string[]
}

export function carriedProject(env: Readonly<Record<string, string>> = {}): CarriedProject {
  const bin = folder('pulumi')
  const program = join(bin, 'pulumi')
  writeFileSync(program, PULUMI)
  chmodSync(program, 0o755)
  writeFileSync(join(bin, 'state'), outputsVector('export.json'))
  const made = stateProject({
    stackFile: outputsVector('Pulumi.dev.yaml'),
    env: {
      PULUMI_BACKEND_URL: 's3://bucket',
      PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
      STACKSEAL_NEW_PASSPHRASE: 'new phrase',
      ...env,
    },
  })
  const read = (name: string): string => (existsSync(join(bin, name)) ? readFileSync(join(bin, name), 'utf8') : '')
  const notes = join(made.env['STACKSEAL_STATE_DIR'] ?? '', 'changes')
  return {
    ...made,
    text: () => readFileSync(join(made.folder, 'Pulumi.dev.yaml'), 'utf8'),
    carried: () => read('state'),
    calls: () => read('calls').trimEnd().split('\n'),
    envOf: (command) => read(`env-${command}`),
    on: (command, shell, when = 'on') => writeFileSync(join(bin, `${when}-${command}`), `${shell}\n`),
    leftovers: () => [
      ...readdirSync(made.folder).filter((name) => name.includes('stackseal')),
      ...(existsSync(notes) ? readdirSync(notes) : []),
    ],
  }
}
