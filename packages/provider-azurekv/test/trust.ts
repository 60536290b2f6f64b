import tls from 'node:tls'

/** Makes this process trust one more authority, as NODE_EXTRA_CA_CERTS would, until the function that it gives is called. */
export function trust(authority: string): () => void {
  // Not in Node 22.
  const setDefault: typeof tls.setDefaultCACertificates | undefined = tls.setDefaultCACertificates
  if (setDefault !== undefined) {
    const before = tls.getCACertificates('default')
    setDefault([...before, authority])
    return () => setDefault(before)
  }
  const original = tls.createSecureContext
  tls.createSecureContext = (options) =>
    original({ ...options, ca: options?.ca ?? [...tls.rootCertificates, authority] })
  return () => {
    tls.createSecureContext = original
  }
}
