// In place of `@aws-sdk/credential-provider-node` in the bundle: what finds the credentials of a caller who gives none.
// Every client here is given its own, and what that package would load is a third of the SDK.
export function defaultProvider(): () => Promise<never> {
  return () => Promise.reject(new Error('a client of AWS was made without credentials'))
}
