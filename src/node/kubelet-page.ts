// One page of the kubelet over HTTP, read as far as it is wanted.
import { readFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIPv4 } from 'node:net'
import type { Page } from '../linux/kubelet.ts'

export interface PageOptions {
  /** A file with a bearer token, read at each question, since the kubelet rotates it; sent over https only. */
  readonly tokenFile?: string
  /** A file with the authorities that may have signed its certificate, if it is not on a loopback address. */
  readonly caFile?: string
  /** Which lines of the answer are kept. */
  readonly keep?: (line: string) => boolean
}

/** A page's answer; `text`: the lines that were kept. */
export type PageAnswer = Page & { readonly text?: string }

/** What is beyond is not read: the figures wanted stand in the first part, and memory is bounded (bytes). */
const mostBytes = 8 << 20
/** A longer line is none of those wanted (characters). */
const longestLine = 1 << 16

/**
 * Asks for one page. Never rejects, and has no deadline but the signal's.
 * @returns the answer; `ms` counts from the call.
 */
export async function askPage(url: string, options: PageOptions, signal: AbortSignal): Promise<PageAnswer> {
  const began = performance.now()
  const ms = (): number => Math.round(performance.now() - began)
  try {
    const response = await respond(url, await tokenAndTrust(new URL(url), options), signal)
    const how = howOf(response.statusCode ?? 0)
    const text = await linesOf(response, how ? () => true : (options.keep ?? (() => false)))
    if (how) return { how, because: `${url}: status ${response.statusCode}${firstLine(text)}`, ms: ms() }
    return { answered: true, ms: ms(), text }
  } catch (error) {
    const how = signal.aborted ? 'mute' : 'unread'
    return { how, because: how === 'mute' ? 'no whole answer' : `${url}: ${textOf(error)}`, ms: ms() }
  }
}

/** Redirects are not followed: a kubelet has none, and the token is for it alone. */
function howOf(status: number): 'fails' | 'unread' | 'missing' | undefined {
  if (status === 200) return undefined
  if (status === 404) return 'missing'
  return status >= 500 ? 'fails' : 'unread'
}

/** Mostly the kubelet signs its certificate itself; on a loopback address nobody can stand in between. */
async function tokenAndTrust(url: URL, { tokenFile, caFile }: PageOptions): Promise<RequestOptions & { ca?: Buffer }> {
  if (url.protocol !== 'https:') return {}
  const token = tokenFile === undefined ? undefined : await readIfThere(tokenFile)
  const headers = token && { headers: { authorization: `Bearer ${token.toString('utf8').trim()}` } }
  if (isLoopback(url.hostname)) return { ...headers, ...{ rejectUnauthorized: false } }
  const ca = caFile === undefined ? undefined : await readIfThere(caFile)
  return { ...headers, ...(ca && { ca }) }
}

/** Whether an address of a URL is one that only this machine can answer. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const respond = (url: string, options: RequestOptions, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest
    // A connection for each question: one that is kept may be closed by a kubelet that restarts just when it is used.
    const asked = request(url, { ...options, agent: false, signal }, resolve)
    asked.on('error', reject)
    asked.end()
  })

/** Reads to the end, or until there is more than is wanted. */
async function linesOf(response: IncomingMessage, keep: (line: string) => boolean): Promise<string> {
  const kept: string[] = []
  let [rest, bytes] = ['', 0]
  response.setEncoding('utf8')
  for await (const part of response as AsyncIterable<string>) {
    bytes += part.length
    const lines = (rest + part).split('\n')
    rest = lines.pop() ?? ''
    kept.push(...lines.filter(keep))
    if (rest.length > longestLine) rest = ''
    if (bytes > mostBytes) return kept.join('\n')
  }
  if (rest !== '' && keep(rest)) kept.push(rest)
  return kept.join('\n')
}

const firstLine = (text: string): string => {
  const line = text.split('\n')[0]?.trim() ?? ''
  return line === '' ? '' : `: ${line.slice(0, 200)}`
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const text = code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`
  return /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code ?? '')
    ? `its certificate can't be verified, which only a loopback address does without: ${text}`
    : text
}
