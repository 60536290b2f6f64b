// A story told in a terminal: each command and its output as a terminal would show it, and a check of every claim.
import { spawnSync } from 'node:child_process'
import { styleText } from 'node:util'

export class Story {
  #broken = 0
  #cli
  #env

  /**
   * @param {string} cli the built command line
   * @param {Readonly<Record<string, string | undefined>>} env the whole environment of every command
   */
  constructor(cli, env) {
    this.#cli = cli
    this.#env = env
  }

  /** @param {string} title */
  chapter(title) {
    process.stdout.write(`\n${styleText('bold', `# ${title}`)}\n`)
  }

  /** @param {string} text */
  say(text) {
    process.stdout.write(`${text}\n`)
  }

  /**
   * @param {string} cwd
   * @param {readonly string[]} args
   * @param {Readonly<Record<string, string>>} extra
   */
  stackseal(cwd, args, extra = {}, expected = 0) {
    const prefix = Object.entries(extra)
      .map(([name, value]) => `${name}=${quoted(value)} `)
      .join('')
    const shown = `${prefix}stackseal ${args.map(quoted).join(' ')}`
    const result = this.run(cwd, shown, process.execPath, [this.#cli, ...args], extra)
    if (expected !== 0) process.stdout.write(`(exit ${result.status})\n`)
    if (result.status !== expected) this.claim(`exit number ${expected} instead of ${result.status}`, false)
    return result
  }

  /**
   * @param {string} cwd
   * @param {string} shown
   * @param {string} command
   * @param {readonly string[]} args
   * @param {Readonly<Record<string, string>>} extra
   */
  run(cwd, shown, command, args, extra = {}) {
    const result = spawnSync(command, args, { cwd, env: { ...this.#env, ...extra }, encoding: 'utf8' })
    this.show(shown, result.stdout + result.stderr)
    return result
  }

  /** @param {string} command @param {string} output */
  show(command, output) {
    process.stdout.write(`\n${styleText('cyan', '$')} ${command}\n${output}`)
    return output
  }

  /** @param {string} text @param {boolean} holds */
  claim(text, holds) {
    if (!holds) this.#broken++
    process.stdout.write(
      holds ? `${styleText('green', '  ✓')} ${text}\n` : `${styleText('red', '  ✗ does not hold:')} ${text}\n`,
    )
  }

  /** The exit number: 1 if a claim does not hold. */
  end() {
    process.stdout.write(this.#broken === 0 ? '\nEvery claim holds.\n' : `\n${this.#broken} claims do not hold.\n`)
    return this.#broken === 0 ? 0 : 1
  }
}

/** @param {string} word */
function quoted(word) {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word}'`
}
