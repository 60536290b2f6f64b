import { vaultCliService } from '../services/vault/vault-cli-service.ts'
import { testBesidePulumi } from './cli-beside-pulumi.ts'

testBesidePulumi(vaultCliService)
