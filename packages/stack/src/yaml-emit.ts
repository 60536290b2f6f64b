// Placeholder signatures until the emitter is merged.
import type { ConfigValue } from './config-value.ts'
export declare function renderScalar(value: null | boolean | bigint | number | string, place: { context: 'block-value' | 'block-key' | 'flow-value' | 'flow-key'; indent: number; style?: 'single' | 'double'; lineEnd: string }): string
export declare function renderPair(key: string, value: ConfigValue, indent: number, lineEnd: string): string
export declare function renderBlockValue(value: ConfigValue, indent: number, lineEnd: string): string
export declare function renderItemValue(value: ConfigValue, indent: number, lineEnd: string): string
export declare function renderFlowValue(value: ConfigValue): string
