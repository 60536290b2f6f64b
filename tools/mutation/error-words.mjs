// What an error says is for people, and no test holds it to the letter: an empty sentence in its place is no fault that
// a test has to find. Codes, details and everything else of an error stay.
const REASON = 'the words of an error, a hint or a question'
const TWO_WORDS = /[A-Za-z]{2,} [a-z(]/
const WORDY_NAME = /^(?:hint|message|text|confirm|HINT|BYTES_HINT)$/

function words(node) {
  if (node.type === 'StringLiteral') return node.value
  return node.type === 'TemplateLiteral' ? node.quasis.map(({ value }) => value.cooked).join(' x ') : ''
}

function isForPeople({ node, parent }) {
  if (parent.type === 'ObjectProperty') return parent.value === node && WORDY_NAME.test(parent.key.name)
  if (parent.type === 'VariableDeclarator') return parent.init === node && WORDY_NAME.test(parent.id.name)
  // `new StacksealError(code, words)`, `malformed(words)`
  return /^(?:New|Call)Expression$/.test(parent.type) && parent.arguments.includes(node)
}

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'error-words',
    value: {
      shouldIgnore(path) {
        const isSentence = path.parent !== undefined && TWO_WORDS.test(words(path.node))
        return isSentence && isForPeople(path) ? REASON : undefined
      },
    },
  },
]
