// The package's own types are those of its function; its data come without.
declare module 'zxcvbn/lib/adjacency_graphs.js' {
  const graphs: Readonly<Record<string, Readonly<Record<string, readonly (string | null)[]>>>>
  export default graphs
}

declare module 'zxcvbn/lib/frequency_lists.js' {
  const lists: Readonly<Record<string, readonly string[]>>
  export default lists
}
