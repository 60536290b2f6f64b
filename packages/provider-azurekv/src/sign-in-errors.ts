import type { AzureFailure } from './azure-fault.ts'
import type { ErrorRow } from './error-row.ts'
import { isNobody } from './sign-in.ts'

const isSignIn = ({ signIn }: AzureFailure): boolean => signIn !== undefined
/** Nothing was sent, or nothing that came back was a failure. */
const stayedHere = ({ signIn, status, network }: AzureFailure): boolean =>
  signIn !== undefined && (status === undefined || status < 300) && network === undefined
const foundNobody = (failure: AzureFailure): boolean =>
  stayedHere(failure) && failure.signIn !== undefined && isNobody(failure.signIn)
const ways = 'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or sign in with az login'
const again = 'sign in again with az login'
const tenants = (): string =>
  'the vault belongs to another tenant than the sign-in: set AZURE_TENANT_ID to the tenant of the vault, or name it in ' +
  'AZURE_ADDITIONALLY_ALLOWED_TENANTS; with az: az login --tenant TENANT'

/**
 * What goes wrong before a vault is asked. The numbers are those of Microsoft Entra ID (AADSTS…):
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export const SIGN_IN_ERRORS: readonly ErrorRow[] = [
  { when: ({ signIn }) => signIn?.otherTenant === true, code: 'ERR_CREDENTIALS_INVALID', hint: tenants },
  {
    numbers: [7000215],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => 'AZURE_CLIENT_SECRET is not a secret of AZURE_CLIENT_ID: set the value of the secret, and not its id',
  },
  {
    numbers: [7000222],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => 'the secret in AZURE_CLIENT_SECRET has expired: make a new one with az ad app credential reset',
  },
  {
    numbers: [700016, 7000229],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => 'the tenant AZURE_TENANT_ID has no application AZURE_CLIENT_ID: check both',
  },
  {
    numbers: [90002, 900021, 900023, 900382, 9002313],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () =>
      'there is no tenant AZURE_TENANT_ID at this sign-in: check it, and AZURE_AUTHORITY_HOST for another cloud',
  },
  {
    numbers: [7000112, 7000113, 50057],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => 'the application or account is disabled: somebody who administers the tenant has to enable it',
  },
  {
    numbers: [700027, 50012],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () =>
      'the certificate in AZURE_CLIENT_CERTIFICATE_PATH is not one of AZURE_CLIENT_ID, or has expired: add it to the application',
  },
  {
    numbers: [70021, 700024, 700211, 700212, 700213, 700214, 700222],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () =>
      'the token in AZURE_FEDERATED_TOKEN_FILE is expired, or the application has no federated credential for its issuer, ' +
      'subject and audience',
  },
  {
    numbers: [50020, 50034, 500011, 500014, 650052, 90072],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: tenants,
  },
  { numbers: [50126], code: 'ERR_CREDENTIALS_INVALID', hint: () => 'check AZURE_USERNAME and AZURE_PASSWORD' },
  {
    numbers: [
      50055, 50058, 50072, 50074, 50076, 50078, 50079, 50089, 50132, 50133, 50173, 65001, 70008, 700081, 700082, 700084,
    ],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => `the sign-in has expired, or a second factor is asked for: ${again}`,
  },
  {
    numbers: [53000, 53001, 53002, 53003, 530031, 50105, 50131],
    code: 'ERR_ACCESS_DENIED',
    hint: () => 'a conditional access policy of the tenant refuses this caller from here: ask who administers it',
  },
  {
    numbers: [50196, 90055, 90014],
    code: 'ERR_THROTTLED',
    hint: () => 'the sign-in asks to come back later: try again',
  },
  {
    status: 429,
    when: isSignIn,
    code: 'ERR_THROTTLED',
    hint: () => 'the sign-in asks to come back later: try again',
  },
  {
    numbers: [90033, 90100, 50000, 90006, 90012],
    code: 'ERR_UNAVAILABLE',
    hint: () => 'the sign-in is not ready for the moment: try again',
  },
  {
    status: [500, 599],
    when: isSignIn,
    code: 'ERR_UNAVAILABLE',
    hint: () => 'the sign-in has a fault: try again',
  },
  {
    status: [300, 399],
    when: isSignIn,
    code: 'ERR_INVALID_REPLY',
    hint: () => 'what answers for the sign-in sends on to another server: check AZURE_AUTHORITY_HOST and the proxy',
  },
  {
    when: (failure) => foundNobody(failure) && failure.missing !== undefined && failure.missing.length > 0,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: (_, { missing = [] }) => `${missing.join(' and ')} is not set: ${ways}`,
  },
  { when: foundNobody, code: 'ERR_CREDENTIALS_MISSING', hint: () => ways },
  {
    // No file, no key in it, a password that does not fit: found before anything is sent.
    when: ({ from, ...failure }) => stayedHere(failure) && from !== undefined && from !== 'AZURE_CLIENT_SECRET',
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (_, { from }) => `the file that ${from} names can not be used: check its path and what it holds`,
  },
  {
    when: ({ signIn, network }) => signIn !== undefined && network === undefined,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (_, { from }) =>
      from === undefined ? `the sign-in was refused: ${again}` : `the sign-in with ${from} was refused`,
  },
]
