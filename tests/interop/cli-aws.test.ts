import { localstackCliService } from '../services/aws/aws-cli-services.ts'
import { testBesidePulumi } from './cli-beside-pulumi.ts'

testBesidePulumi(localstackCliService)
