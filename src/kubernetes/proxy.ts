import { BlockList, isIP } from 'node:net'

type Env = Readonly<Record<string, string | undefined>>

const either = (env: Env, name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined

/**
 * The proxy that the environment wants for a server, as kubectl chooses it (golang.org/x/net/http/httpproxy):
 * HTTPS_PROXY or HTTP_PROXY by the server's scheme, upper case before lower, unless NO_PROXY excepts the host. This
 * machine itself is never reached through a proxy.
 * @returns the proxy's URL as it stands there, or undefined
 */
export function envProxy(server: URL, env: Env): string | undefined {
  const proxy = either(env, server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  return proxy && !excepted(server, either(env, 'NO_PROXY') ?? '') ? proxy : undefined
}

function excepted(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = server.port || (server.protocol === 'https:' ? '443' : '80')
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return true
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && (entry === '*' || matches(host, port, entry)))
}

function matches(host: string, port: string, entry: string): boolean {
  if (entry.includes('/')) return inRange(host, entry)
  const [, name = entry, onPort] = isIP(entry) ? [] : (/^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? [])
  if (onPort !== undefined && onPort !== port) return false
  if (isIP(host) || isIP(name)) return host === name
  // `.x.org` (or `*.x.org`) is everything below x.org; `x.org` is it, too.
  const suffix = name.replace(/^\*(?=\.)/, '')
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`)
}

function inRange(host: string, entry: string): boolean {
  const [net = '', bits = ''] = entry.split('/')
  const family = isIP(net)
  if (!/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128) || family === 0 || isIP(host) !== family)
    return false
  const name = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(net, Number(bits), name)
  return list.check(host, name)
}

/**
 * Reads a proxy's URL; without a scheme it is http, as in httpproxy.
 * @throws an Error that says what was expected; its message ends a sentence that says where the proxy stands
 */
export function parseProxy(proxy: string): string {
  const url = proxy.includes('://') ? proxy : `http://${proxy}`
  if (!URL.canParse(url)) throw new Error(`"${proxy}" is no URL; expected http://<host>:<port>`)
  const { protocol } = new URL(url)
  if (protocol.startsWith('socks'))
    throw new Error(`SOCKS proxies are not supported ("${proxy}"); set an http:// or https:// proxy`)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new Error(`"${proxy}" is no proxy's URL; expected http://<host>:<port>`)
  return url
}
