import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type KubeletReader, kubeletReader } from '../node/kubelet.ts'
import type { AgentOptions } from './agent.ts'
import { UsageError } from './io.ts'

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The kubelet of this node; nothing is asked yet. @throws UsageError if an address is none, or the token's file is not there. */
export function kubeletFor({
  kubelet,
  kubeletHealthz,
  kubeletToken,
}: Pick<AgentOptions, 'kubelet' | 'kubeletHealthz' | 'kubeletToken'>): KubeletReader {
  if (kubeletToken !== undefined && !existsSync(kubeletToken))
    throw new UsageError(`--kubelet-token: there is no file "${kubeletToken}"`)
  return kubeletReader({
    ...(kubelet !== undefined && { url: address('--kubelet', kubelet) }),
    ...(kubeletHealthz !== 'none' && { healthz: address('--kubelet-healthz', kubeletHealthz) }),
    tokenFile: kubeletToken ?? join(serviceAccount, 'token'),
    caFile: join(serviceAccount, 'ca.crt'),
  })
}

function address(option: string, text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined
  if (protocol === 'http:' || protocol === 'https:') return text
  throw new UsageError(`${option}: "${text}" is no http or https address, such as https://127.0.0.1:10250`)
}
