// Credential plugins:
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
import { execFile } from 'node:child_process'

/** A plugin may ask a cloud for a token, but nobody is there to answer its questions (ms). */
const patience = 60_000

export interface PluginCredentials {
  readonly token?: string
  readonly clientCertificateData?: string
  readonly clientKeyData?: string
}

interface Exec {
  readonly apiVersion?: string
  readonly command?: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
}

/**
 * Runs a kubeconfig's `exec` and takes the credentials from what it prints.
 * @throws Error with what the plugin said, how to install it, or what it printed instead.
 */
export async function askPlugin(entry: unknown, patienceMs: number = patience): Promise<PluginCredentials> {
  const { apiVersion, command, args, env, installHint } = entry as Exec
  if (!command) throw new Error('its exec plugin has no command')
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const given = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
  const printed = await new Promise<string>((resolve, reject) => {
    const options = {
      env: { ...process.env, ...given, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: patienceMs,
      killSignal: 'SIGKILL' as const,
    }
    const child = execFile(command, args ?? [], options, (error, out, said) => {
      if (!error) resolve(out)
      else reject(new Error(failure(command, error, said, installHint)))
    })
    child.stdin?.end()
  })
  return credentialIn(printed, command)
}

function failure(
  command: string,
  error: Error & { code?: unknown; killed?: boolean },
  said: string,
  installHint: string | undefined,
): string {
  if (error.code === 'ENOENT')
    return `its exec plugin ${command} is not installed${installHint ? `: ${installHint.trim()}` : ''}`
  if (error.killed) return `its exec plugin ${command} did not end in time`
  return `its exec plugin ${command} failed (${error.code ?? error.message})${said.trim() ? `: ${said.trim()}` : ''}`
}

function credentialIn(printed: string, command: string): PluginCredentials {
  let status: PluginCredentials | undefined
  try {
    status = (JSON.parse(printed) as { status?: PluginCredentials } | null)?.status
  } catch {
    status = undefined
  }
  if (!status) throw new Error(`its exec plugin ${command} printed no ExecCredential with a status`)
  return status
}
