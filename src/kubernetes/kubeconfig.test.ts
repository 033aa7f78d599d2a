import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from './client.ts'
import { askPlugin } from './exec-plugin.ts'
import {
  type Answer,
  type Authority,
  type Call,
  fakeApiServer,
  fakeProxy,
  makeAuthority,
  opensslOrSkip,
} from './fixtures/fake-api-server.ts'
import { inCluster } from './in-cluster.ts'
import { loadKubeconfig } from './kubeconfig.ts'

const noOpenssl = opensslOrSkip()

let folder = ''
let authority: Authority
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-kubeconfig-'))
  if (!noOpenssl) authority = makeAuthority()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const config = (cluster: object, user: object, context = 'here') => ({
  clusters: [{ name: 'c', cluster }],
  users: [{ name: 'u', user }],
  contexts: [{ name: context, context: { cluster: 'c', user: 'u' } }],
  'current-context': context,
})

/** What the server saw of a request made with a kubeconfig. */
async function seenBy(
  cluster: (url: string) => object,
  user: object,
  options: { tls?: Authority; env?: Record<string, string>; answer?: (call: Call) => Answer } = {},
): Promise<{ calls: readonly Call[]; url: string }> {
  const server = await fakeApiServer(options.answer ?? (() => ({ body: { ok: true } })), options.tls)
  try {
    const path = file('one.yaml', config(cluster(server.url), user))
    const { target } = await loadKubeconfig({ path, env: {}, home: folder })
    const client = connect(target('here'), { env: options.env ?? {}, backOffMs: 1 })
    await client.ask({ method: 'GET', path: '/version' }).finally(() => client.close())
    return { calls: server.calls, url: server.url }
  } finally {
    await server.close()
  }
}

const seenOverTls = (user: object, answer?: (call: Call) => Answer) =>
  seenBy(tlsCluster, user, { tls: authority, ...(answer && { answer }) })

const tlsCluster = (url: string) => ({
  server: url,
  'certificate-authority-data': base64(authority.ca),
  'tls-server-name': 'api.example.com',
})

describe('several files', () => {
  it('the first to name a thing wins, missing and empty files are passed over, paths are relative to their file', async () => {
    file('a/token', 'token-a')
    const a = file('a/config', { users: [{ name: 'u', user: { tokenFile: 'token' } }], 'current-context': 'second' })
    const b = file('b/config', {
      ...config({ server: 'https://127.0.0.1:1/' }, { token: 'token-b' }, 'first'),
      'current-context': 'first',
    })
    const c = file('c/config', config({ server: 'http://127.0.0.1:2' }, {}, 'second'))
    const env = { KUBECONFIG: [a, join(folder, 'missing'), file('empty', ''), b, c].join(':') }
    const kubeconfig = await loadKubeconfig({ env, home: folder })
    expect(kubeconfig.contexts).toEqual(['first', 'second'])
    expect(kubeconfig.current).toBe('second')
    const target = kubeconfig.target('second')
    expect(target.server).toBe('https://127.0.0.1:1')
    expect((await target.credentials()).headers).toMatchObject({ authorization: 'Bearer token-a' })
  })

  it('without KUBECONFIG it is ~/.kube/config', async () => {
    file('home/.kube/config', config({ server: 'https://192.0.2.1' }, {}))
    expect((await loadKubeconfig({ env: {}, home: join(folder, 'home') })).current).toBe('here')
  })

  it.each([
    ['{', 'cannot read kubeconfig'],
    ['[]', 'expected clusters, users and contexts'],
    ['clusters: 3', 'clusters must be a list'],
    ['users: [{}]', 'an entry of users has no name'],
  ])('%s is named as what it is', async (text, message) => {
    const path = file('broken', text)
    await expect(loadKubeconfig({ path, env: {}, home: folder })).rejects.toThrow(message)
    await expect(loadKubeconfig({ path, env: {}, home: folder })).rejects.toThrow(path)
  })

  it('a file that --kubeconfig names must be there; without any it says where it looked', async () => {
    await expect(loadKubeconfig({ path: '/nonexistent', env: {}, home: folder })).rejects.toThrow(
      'there is no such file',
    )
    await expect(loadKubeconfig({ env: {}, home: '/nonexistent' })).rejects.toThrow(
      'looked for /nonexistent/.kube/config',
    )
  })

  it('an unknown context is told which there are', async () => {
    const path = file('one', config({ server: 'https://192.0.2.1' }, {}))
    const { target } = await loadKubeconfig({ path, env: {}, home: folder })
    expect(() => target('there')).toThrow('has no context "there"; it has here')
  })
})

describe.skipIf(noOpenssl)('credentials', () => {
  it('a token', async () => {
    const { calls } = await seenOverTls({ token: 'secret' })
    expect(calls[0]?.headers.authorization).toBe('Bearer secret')
  })

  it('none of it without TLS, as kubectl does', async () => {
    const { calls } = await seenBy((server) => ({ server }), { token: 'secret' })
    expect(calls[0]?.headers.authorization).toBeUndefined()
  })

  it('user and password', async () => {
    const { calls } = await seenOverTls({ username: 'alice', password: 'x:y' })
    expect(calls[0]?.headers.authorization).toBe(`Basic ${base64('alice:x:y')}`)
  })

  it('impersonation, with groups', async () => {
    const { calls } = await seenBy((server) => ({ server }), { token: 't', as: 'bob', 'as-groups': ['a', 'b'] })
    expect(calls[0]?.headers).toMatchObject({ 'impersonate-user': 'bob', 'impersonate-group': 'a, b' })
  })

  it('a token file before a token, in one header', async () => {
    const { calls } = await seenOverTls({ token: 'old', tokenFile: file('rotated', 'new\n') })
    expect(calls[0]?.headers.authorization).toBe('Bearer new')
  })

  it('impersonation, to the last', async () => {
    const user = { as: 'bob', 'as-uid': '7', 'as-user-extra': { 'example.com/scope': ['a', 'b'] } }
    const { calls } = await seenBy((server) => ({ server }), user)
    expect(calls[0]?.headers).toMatchObject({ 'impersonate-uid': '7', 'impersonate-extra-example.com%2fscope': 'a, b' })
  })

  it.each([
    [
      { command: 'no-such-plugin', installHint: 'get it at example.com' },
      'no-such-plugin is not installed: get it at example.com',
    ],
    [{ command: 'sh', args: ['-c', 'exit 1'] }, 'its exec plugin sh failed (1)'],
    [{ command: 'echo', args: ['hello'] }, 'printed no ExecCredential'],
    [{}, 'has no command'],
  ])('a plugin %j is named with what is wrong', async (exec, message) => {
    await expect(askPlugin(exec)).rejects.toThrow(message)
  })

  it('a plugin that hangs is ended', async () => {
    await expect(askPlugin({ command: 'sleep', args: ['60'] }, 50)).rejects.toThrow('did not end in time')
  })

  it('a client certificate over TLS, with another server name', async () => {
    const { cert, key } = authority.client
    const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) }
    const { calls } = await seenBy(tlsCluster, user, { tls: authority })
    expect(calls[0]?.certificate).toBe('alice')
  })

  it('an exec plugin, told what kubectl tells it, and asked again when its token is refused', async () => {
    const count = join(folder, 'asked')
    const script = file(
      'plugin.sh',
      `#!/bin/sh\necho x >> ${count}\nn=$(wc -l < ${count})\ncase "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 3;; esac\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s-%s"}}' $n "$CLUSTER"\n`,
    )
    chmodSync(script, 0o755)
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './plugin.sh',
      env: [{ name: 'CLUSTER', value: 'eu' }],
    }
    const answer = ({ headers }: Call): Answer =>
      headers.authorization === 'Bearer t2-eu' ? {} : { status: 401, body: { message: 'expired' } }
    const { calls } = await seenOverTls({ exec }, answer)
    expect(calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1-eu', 'Bearer t2-eu'])
  })

  it('a plugin that fails is named with its context and what it says', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', 'echo log in first >&2; exit 1'],
    }
    await expect(seenOverTls({ exec })).rejects.toThrow(
      'the credentials of context "here" can\'t be had: its exec plugin sh failed (1): log in first',
    )
  })

  it("a pod's own, with its token read anew", async () => {
    const pod = join(folder, 'pod')
    file('pod/token', 'first\n')
    file('pod/ca.crt', authority.ca)
    const target = inCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, pod)?.target(
      'in-cluster',
    )
    expect(target?.server).toBe('https://[fd00::1]:443')
    expect((await target?.credentials())?.headers.authorization).toBe('Bearer first')
    file('pod/token', 'second\n')
    expect((await target?.credentials())?.headers.authorization).toBe('Bearer second')
    expect(inCluster({}, pod)).toBeUndefined()
  })
})

describe.skipIf(noOpenssl)('TLS', () => {
  it('refuses a server of an unknown authority, and says what the kubeconfig needs', async () => {
    await expect(
      seenBy((server) => ({ server, 'tls-server-name': 'api.example.com' }), {}, { tls: authority }),
    ).rejects.toThrow('needs certificate-authority')
  })

  it('refuses a server of another name', async () => {
    const cluster = (server: string) => ({ server, 'certificate-authority-data': base64(authority.ca) })
    await expect(seenBy(cluster, {}, { tls: authority })).rejects.toThrow('may need tls-server-name')
  })

  it('does not look where the kubeconfig says so', async () => {
    const cluster = (server: string) => ({ server, 'insecure-skip-tls-verify': true })
    expect((await seenBy(cluster, {}, { tls: authority })).calls).toHaveLength(1)
  })
})

describe.skipIf(noOpenssl)('proxies', () => {
  it("the cluster's own is used, its TLS ends at the server", async () => {
    const proxy = await fakeProxy()
    const { calls, url } = await seenBy(
      (server) => ({ ...tlsCluster(server), 'proxy-url': proxy.url }),
      { token: 't' },
      { tls: authority },
    )
    expect(calls).toHaveLength(1)
    expect(proxy.tunnels).toEqual([url.replace('https://', '')])
    await proxy.close()
  })

  it('one that is not supported is named', async () => {
    await expect(seenBy((server) => ({ server, 'proxy-url': 'socks5://127.0.0.1:1' }), {})).rejects.toThrow(
      'proxy-url of context "here": SOCKS proxies are not supported',
    )
  })
})
