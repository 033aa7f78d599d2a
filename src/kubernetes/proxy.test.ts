import { describe, expect, it } from 'vitest'
import { envProxy, parseProxy } from './proxy.ts'

const proxy = 'http://proxy.example.com:3128'

describe('the proxy of the environment', () => {
  it.each([
    ['https://api.example.com', { HTTPS_PROXY: proxy }, true],
    ['https://api.example.com', { https_proxy: proxy }, true],
    ['https://api.example.com', { HTTP_PROXY: proxy }, false],
    ['http://api.example.com', { HTTP_PROXY: proxy }, true],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: proxy }, false],
    ['https://localhost:6443', { HTTPS_PROXY: proxy }, false],
    ['https://[::1]:6443', { HTTPS_PROXY: proxy }, false],
    ['https://api.example.com', { HTTPS_PROXY: proxy, NO_PROXY: 'example.com' }, false],
    ['https://api.example.com', { HTTPS_PROXY: proxy, NO_PROXY: '.example.com' }, false],
    ['https://api.example.com', { HTTPS_PROXY: proxy, NO_PROXY: '*.example.com' }, false],
    ['https://example.com', { HTTPS_PROXY: proxy, NO_PROXY: '.example.com' }, true],
    ['https://notexample.com', { HTTPS_PROXY: proxy, NO_PROXY: 'example.com' }, true],
    ['https://10.1.2.3', { HTTPS_PROXY: proxy, no_proxy: 'x, 10.0.0.0/8' }, false],
    ['https://11.1.2.3', { HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/8' }, true],
    ['https://[fd00::5]', { HTTPS_PROXY: proxy, NO_PROXY: 'fd00::/8' }, false],
    ['https://api.example.com:6443', { HTTPS_PROXY: proxy, NO_PROXY: 'api.example.com:443' }, true],
    ['https://api.example.com', { HTTPS_PROXY: proxy, NO_PROXY: 'api.example.com:443' }, false],
    ['https://api.example.com', { HTTPS_PROXY: proxy, NO_PROXY: '*' }, false],
    ['https://api.example.com', {}, false],
  ])('for %s with %j: %s', (server, env, used) => {
    expect(envProxy(new URL(server), env)).toBe(used ? proxy : undefined)
  })
})

describe("a proxy's URL", () => {
  it.each([
    ['http://proxy:3128', 'http://proxy:3128'],
    ['https://proxy', 'https://proxy'],
    ['proxy.example.com:3128', 'http://proxy.example.com:3128'],
  ])('%s', (text, url) => expect(parseProxy(text)).toBe(url))

  it.each([
    ['socks5://proxy', 'SOCKS proxies are not supported'],
    ['ftp://proxy', "is no proxy's URL"],
    ['http://', 'is no URL'],
  ])('%s is refused: %s', (text, message) => expect(() => parseProxy(text)).toThrow(message))
})
