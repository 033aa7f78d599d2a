import { expect, it } from 'vitest'
import { kubeletFor } from './agent-kubelet.ts'

const options = { kubeletHealthz: 'none' }

it('asks for nothing that was not named', async () => {
  const { healthz, metrics, url } = await kubeletFor(options).look()
  expect([healthz, metrics]).toEqual(Array(2).fill({ how: 'unasked', because: 'it was not asked for', ms: 0 }))
  expect(url).toBeUndefined()
})

it('asks where it is told to', async () => {
  const reader = kubeletFor({ ...options, kubelet: 'http://127.0.0.1:1', kubeletHealthz: 'http://127.0.0.1:1/healthz' })
  const { healthz, summary } = await reader.look()
  expect(healthz).toMatchObject({ how: 'unread', because: expect.stringContaining('http://127.0.0.1:1/healthz: ') })
  expect(summary).toMatchObject({ because: expect.stringContaining('http://127.0.0.1:1/stats/summary') })
})

it.each([
  [{ kubelet: '127.0.0.1:10250' }, '--kubelet: "127.0.0.1:10250" is no http or https address'],
  [{ kubelet: 'unix:///run/kubelet.sock' }, '--kubelet: "unix:///run/kubelet.sock" is no http'],
  [{ kubeletHealthz: 'off' }, '--kubelet-healthz: "off" is no http or https address'],
  [{ kubeletToken: '/nowhere/token' }, '--kubelet-token: there is no file "/nowhere/token"'],
])('says what is wrong with %j', (more, message) => {
  expect(() => kubeletFor({ ...options, ...more })).toThrow(message)
})
