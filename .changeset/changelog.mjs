// What a changeset says, and nothing else: the changelog speaks to users, who have no use for commit hashes and for
// "updated dependencies" among packages that are released together.
export default {
  getReleaseLine: async ({ summary }) => {
    const [first, ...rest] = summary.trim().split('\n')
    return [`- ${first}`, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')
  },
  getDependencyReleaseLine: async () => '',
}
