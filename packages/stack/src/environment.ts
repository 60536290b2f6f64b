/** Variables of a process, as a caller gives them: nothing here reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>
