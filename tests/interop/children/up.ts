// Runs `pulumi up` on a stack with a program of its own, by the Automation API; prints what `up` says it changed.
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

/** What little is used of the Automation API; it is not a dependency of this project. */
interface Pulumi {
  readonly Config: new () => { requireSecret(key: string): unknown; get(key: string): string | undefined }
  readonly ComponentResource: new (type: string, name: string, inputs: object, options: object) => object
  readonly secret: (value: unknown) => unknown
  readonly automation: {
    readonly LocalWorkspace: {
      createOrSelectStack(
        program: { stackName: string; projectName: string; program: () => Promise<unknown> },
        options: { workDir: string },
      ): Promise<{ up(): Promise<{ summary: { resourceChanges?: Readonly<Record<string, number>> } }> }>
    }
  }
}

interface Order {
  /** The folder of `@pulumi/pulumi`. */
  readonly library: string
  readonly project: string
  readonly stack: string
  /** The folder of the project. */
  readonly folder: string
  /** Configuration keys that the program reads as secrets and puts into inputs and outputs. */
  readonly secrets: readonly string[]
}

const order = JSON.parse(await text(process.stdin)) as Order
const require = createRequire(order.library)
const pulumi = require('@pulumi/pulumi') as Pulumi

/** A component with secrets at the top, deeper, in lists, and inside another secret. */
async function program(): Promise<unknown> {
  const config = new pulumi.Config()
  const values = Object.fromEntries(order.secrets.map((key) => [key, config.requireSecret(key)]))
  const inputs = { ...values, list: ['plain', pulumi.secret({ html: '<&>', n: 1.5 })], plain: 'plain' }
  const component = new pulumi.ComponentResource('test:index:Component', 'component', inputs, {})
  Object.assign(component, inputs)
  return {
    ...values,
    content: pulumi.secret({ inner: pulumi.secret('deep'), html: '<&>' }),
    plain: 'plain',
  }
}

const { folder: workDir, stack: stackName, project: projectName } = order
const stack = await pulumi.automation.LocalWorkspace.createOrSelectStack(
  { stackName, projectName, program },
  { workDir },
)
const { summary } = await stack.up()
console.log(JSON.stringify(summary.resourceChanges ?? {}))
