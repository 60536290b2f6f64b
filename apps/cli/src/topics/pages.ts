import type { Topic, TopicName } from '../topic.ts'
import { topic as environment } from './environment.ts'
import { topic as exitCodes } from './exit-codes.ts'
import { topic as files } from './files.ts'
import { topic as json } from './json.ts'
import { topic as keyUrls } from './key-urls.ts'
import { topic as pulumi } from './pulumi.ts'

/** The page of each topic. */
export const PAGES: Readonly<Record<TopicName, Topic>> = {
  environment,
  'exit-codes': exitCodes,
  'key-urls': keyUrls,
  json,
  files,
  pulumi,
}
