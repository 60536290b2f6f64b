import { testCliEvents } from '../cli/cli-events.ts'
import { googleCliService } from './google-cli-service.ts'

testCliEvents(googleCliService)
