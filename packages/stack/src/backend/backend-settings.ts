import { StacksealError } from '@stackseal/core'

import type { Compression } from '../files/compression.ts'
import type { Environment } from '../environment.ts'

/** What the environment tells the reference about `file://` backends, and so Stackseal too. */
export interface BackendSettings {
  /** Of files that are new. The reference would also change the packing of an existing file; here it stays. */
  readonly compression: Compression
  /** Whether every state that is written is kept a second time, under a name with the time. */
  readonly retainCheckpoints: boolean
  /** Whether an empty backend gets the layout without projects. */
  readonly legacyLayout: boolean
  /** Whether that layout is accepted. */
  readonly acceptLegacyLayout: boolean
}

/** @throws ERR_USAGE where both compressions are asked for */
export function backendSettings(env: Environment): BackendSettings {
  const gzip = isOn(env, 'DIY_BACKEND_GZIP', 'SELF_MANAGED_STATE_GZIP')
  const zstd = isOn(env, 'DIY_BACKEND_ZSTD', 'SELF_MANAGED_STATE_ZSTD')
  if (gzip && zstd) {
    throw new StacksealError('ERR_USAGE', 'PULUMI_DIY_BACKEND_GZIP and PULUMI_DIY_BACKEND_ZSTD are both set', {
      hint: 'unset one of them: a file is packed in one way',
    })
  }
  let compression: Compression = 'none'
  if (gzip) compression = 'gzip'
  if (zstd) compression = 'zstd'
  return {
    compression,
    retainCheckpoints: isOn(env, 'DIY_BACKEND_RETAIN_CHECKPOINTS', 'RETAIN_CHECKPOINTS'),
    legacyLayout: isOn(env, 'DIY_BACKEND_LEGACY_LAYOUT', 'SELF_MANAGED_STATE_LEGACY_LAYOUT'),
    acceptLegacyLayout: isOn(env, 'DIY_BACKEND_IGNORE_DEPRECATION_ERROR'),
  }
}

/** A switch of the reference: `1` or `true`, and an older name that counts where the newer is not set. */
function isOn(env: Environment, name: string, older?: string): boolean {
  const value = env[`PULUMI_${name}`] ?? (older === undefined ? undefined : env[`PULUMI_${older}`])
  return value === '1' || value?.toLowerCase() === 'true'
}
