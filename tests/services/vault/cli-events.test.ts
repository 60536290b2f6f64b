import { testCliEvents } from '../cli/cli-events.ts'
import { vaultCliService } from './vault-cli-service.ts'

testCliEvents(vaultCliService)
