import { testCliEvents } from '../cli/cli-events.ts'
import { azureCliService } from './azure-cli-service.ts'

testCliEvents(azureCliService)
