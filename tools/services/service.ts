/** A server that the service tests need. Installing is separate from starting: tests start their own instances. */
export interface Service {
  /** For the table: `OpenBao 2.7.2`. */
  readonly name: string
  /** Brings the program into the ignored cache folder, once. @throws with what is missing on this machine */
  install(): Promise<void>
}
