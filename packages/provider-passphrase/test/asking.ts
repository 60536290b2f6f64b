import type { ProviderContext } from '@stackseal/core'

type Question = Parameters<NonNullable<ProviderContext['ask']>>[0]

/** A person at a terminal: gives these answers, and keeps what was asked and told. */
export function person(...answers: string[]): { context: ProviderContext; questions: Question[]; told: string[] } {
  const questions: Question[] = []
  const told: string[] = []
  const ask = async (question: Question): Promise<string> => {
    questions.push(question)
    const answer = answers.shift()
    if (answer === undefined) throw new Error(`nobody expected to be asked: ${question.text}`)
    return answer
  }
  return { context: { env: {}, ask, tell: (text) => void told.push(text) }, questions, told }
}
