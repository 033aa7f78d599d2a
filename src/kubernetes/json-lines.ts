import { ApiError } from './api-error.ts'

/**
 * The lines of a body. What stands behind the last line's end is the rest of a connection that broke off, and dropped.
 * @throws ApiError for a body of over `mostBytes`.
 */
export async function* textLines(
  body: AsyncIterable<Uint8Array>,
  mostBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  // A large object comes in many chunks: they are joined once, not with each of them.
  let begun: string[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new ApiError(0, 'TooLong', `the answer has over ${mostBytes} bytes`)
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    const rest = parts.pop() ?? ''
    for (const part of parts) {
      const line = [...begun, part].join('')
      begun = []
      yield line
    }
    begun.push(rest)
  }
}

/** The JSON documents of a body, one for each line. @throws ApiError for a line that is no JSON. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  for await (const line of textLines(body)) if (line.trim() !== '') yield documentOf(line)
}

function documentOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new ApiError(0, 'NotJson', `a line is no JSON: ${JSON.stringify(line.slice(0, 60))}`)
  }
}
