import type { Inspection } from './runtime.ts'

/** What a runtime said; the time is added here. */
export type Answer =
  | Omit<Extract<Inspection, { answer: 'told' }>, 'ms'>
  | { readonly answer: 'gone' }
  | { readonly answer: 'nothing' }
  | { readonly answer: 'error'; readonly because: string }

interface Question {
  readonly since: number
  readonly answered: Promise<Inspection>
}

/**
 * At most one open question per container. A daemon that hangs on one keeps a goroutine for each request, also after the
 * client has gone (40 aborted inspections pinned 40 of dockerd's), so to ask again makes things worse.
 */
export class OpenQuestions {
  readonly #open = new Map<string, Question>()

  /**
   * Asks, unless the same question is open: then it waits for that one's answer, as long as that has been open for less
   * than the limit, and says `nothing` at once if it has been open for longer.
   * @param limitMs how long an answer may take from when it was asked for.
   * @returns the answer; `ms` counts from when the question was really asked. Never rejects: `send` throwing is an error
   * of the runtime's.
   */
  async ask(id: string, limitMs: number, send: () => Promise<Answer>): Promise<Inspection> {
    const question = this.#open.get(id) ?? this.#begin(id, send)
    const nothing = (): Inspection => ({ answer: 'nothing', ms: performance.now() - question.since })
    const left = question.since + limitMs - performance.now()
    // Without a race, which would stay with a promise that may be open for weeks.
    if (left <= 0) return nothing()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Inspection>((resolve) => {
      timer = setTimeout(() => resolve(nothing()), left)
    })
    const answer = await Promise.race([question.answered, late])
    clearTimeout(timer)
    return answer
  }

  #begin(id: string, send: () => Promise<Answer>): Question {
    const since = performance.now()
    const answered = send()
      .catch((error: unknown): Answer => ({ answer: 'error', because: messageOf(error) }))
      .then((answer): Inspection => {
        this.#open.delete(id)
        return { ...answer, ms: performance.now() - since }
      })
    const question = { since, answered }
    this.#open.set(id, question)
    return question
  }
}

/** What an error of a socket or of gRPC says to a person, with its code: undici's own words are often "other side closed". */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`
}
