/** Leads one host and port (`cloudkms.googleapis.com:443`) to another place (`127.0.0.1:34567`); the last word counts. */
export function mapHost(from: string, to: string): void
