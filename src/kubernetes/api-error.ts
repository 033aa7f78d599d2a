/** What an API server refused, or why it could not be asked, in words to act on. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number
  /** The reason of the Status object, e.g. Forbidden, Expired; or the system's error code. */
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/** The error of an answer that is no success. */
export function refusal(status: number, body: unknown): ApiError {
  const { reason, message } = (typeof body === 'object' && body !== null ? body : {}) as {
    reason?: string
    message?: string
  }
  const said = message ?? (typeof body === 'string' && body.trim() !== '' ? body.trim().slice(0, 200) : '')
  if (status === 401) {
    return new ApiError(
      status,
      reason ?? 'Unauthorized',
      `the API server does not accept the credentials (401${said ? `: ${said}` : ''}); are they expired?`,
    )
  }
  return new ApiError(status, reason ?? '', said || `the API server answered with ${status}`)
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name can not be resolved',
  EAI_AGAIN: 'its name can not be resolved just now',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network to it',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it did not accept a connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'it did not finish its answer in time',
  ETIMEDOUT: 'it did not answer in time',
  TimeoutError: 'it did not answer in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; the kubeconfig needs certificate-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an unknown authority; the kubeconfig needs certificate-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is of an unknown authority; the kubeconfig needs certificate-authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; the kubeconfig may need tls-server-name',
}

/** The error of a request that got no answer. */
export function unanswered(server: string, error: unknown): ApiError {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  return new ApiError(0, code, `cannot reach ${server}: ${causes[code] ?? text}${causes[code] ? ` (${code})` : ''}`)
}

/** A connection error hides in its cause, or among several tried addresses. */
function codeOf(error: unknown): string {
  const { code, name, cause, errors } = (error ?? {}) as {
    code?: unknown
    name?: unknown
    cause?: unknown
    errors?: unknown
  }
  if (typeof code === 'string' && code !== '') return code
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0])
  if (cause !== undefined) return codeOf(cause)
  return typeof name === 'string' ? name : ''
}
