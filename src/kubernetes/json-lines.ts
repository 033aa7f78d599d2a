import { ApiError } from './api-error.ts'

/**
 * The JSON documents of a body, one for each line. What stands behind the last line's end is the rest of a connection that
 * broke off, and dropped.
 * @throws ApiError for a line that is no JSON.
 */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  // A large object comes in many chunks: they are joined once, not with each of them.
  let begun: string[] = []
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    const rest = parts.pop() ?? ''
    for (const part of parts) {
      const line = [...begun, part].join('')
      begun = []
      if (line.trim() !== '') yield documentOf(line)
    }
    begun.push(rest)
  }
}

function documentOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new ApiError(0, 'NotJson', `a line is no JSON: ${JSON.stringify(line.slice(0, 60))}`)
  }
}
