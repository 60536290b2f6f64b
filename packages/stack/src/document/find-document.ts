import type { ParsedDocument } from './document-node.ts'
import { scanDocument } from './line-scanner.ts'
import { parseYamlDocument } from './yaml-parser.ts'

/**
 * Finds the tree of the first document of a YAML stack file: with the line scanner where the file is in the plain block
 * style in which the reference writes, else with the YAML parser, which is loaded then.
 *
 * @throws ERR_MALFORMED_FILE with details `line` and `column`, both from 1
 */
export async function findDocument(text: string): Promise<ParsedDocument> {
  return scanDocument(text) ?? parseYamlDocument(text)
}
