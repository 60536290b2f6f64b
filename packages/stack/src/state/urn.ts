const PREFIX = 'urn:pulumi:'

/** A URN in its parts: `urn:pulumi:<stack>::<project>::<qualified type>::<name>`; the name may hold `::`. */
export interface Urn {
  readonly stack: string
  readonly project: string
  /** With the types of the resources that it is a child of, each ending with `$`. */
  readonly qualifiedType: string
  /** The last of the qualified type: `aws:s3/bucket:Bucket`. */
  readonly type: string
}

/** Reads a URN; undefined for what is none. */
export function parseUrn(text: string): Urn | undefined {
  if (!text.startsWith(PREFIX)) return undefined
  const [stack, project, qualifiedType, name] = text.slice(PREFIX.length).split('::')
  if (stack === undefined || project === undefined || qualifiedType === undefined || name === undefined)
    return undefined
  return { stack, project, qualifiedType, type: qualifiedType.slice(qualifiedType.lastIndexOf('$') + 1) }
}
