import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Agent, request } from 'undici'
import { describe, expect, it } from 'vitest'
import { backdated, expiresAt, faultOf, type Generation, lasts, namesOf } from './generation.ts'
import { makeGeneration } from './make-generation.ts'

const now = Date.parse('2026-11-30T08:00:00Z')
const names = namesOf('roadcrew-webhook', 'roadcrew')
const one = await makeGeneration(names, now)
const other = await makeGeneration(names, now)

describe('a certificate of its own', () => {
  it('can be served from before it was made until it ends', () => {
    for (const time of [now - backdated, now, now + lasts - 1]) expect(faultOf(one, names, time)).toBeUndefined()
    expect(expiresAt(one.cert)).toBe(now + lasts)
    expect(expiresAt('')).toBeUndefined()
  })

  it.each<[string, Partial<Generation>, RegExp]>([
    ['no authority', { ca: 'x' }, /^its authority is no certificate/],
    ['another authority', { ca: other.ca }, /^its authority did not sign it/],
    ['no certificate', { cert: '' }, /^it is no certificate/],
    ['the certificate of another key', { cert: other.cert, ca: other.ca }, /^its key is/],
    ['no key', { key: '-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n' }, /^its key is/],
  ])('with %s is none', (_, part, fault) => expect(faultOf({ ...one, ...part }, names, now)).toMatch(fault))

  it('is none outside of its time, or for another name', () => {
    expect(faultOf(one, names, now - backdated - 1000)).toBe('it is not valid before 2026-11-30T07:00:00.000Z')
    expect(faultOf(one, names, now + lasts)).toBe('it expired at 2027-02-28T08:00:00.000Z')
    expect(faultOf(one, ['roadcrew-webhook.other.svc'], now)).toBe('it is not for roadcrew-webhook.other.svc')
  })

  it('is taken over TLS by who trusts its authority, among others of it, and by nobody else', async () => {
    const fresh = await makeGeneration(names, Date.now())
    const server = createServer({ cert: fresh.cert, key: fresh.key }, (_, response) => response.end('ok'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const asked = async (ca: string, servername = 'roadcrew-webhook.roadcrew.svc') => {
      const dispatcher = new Agent({ connect: { ca, servername } })
      try {
        return await (await request(url, { dispatcher })).body.text()
      } catch (error) {
        return (error as { code?: string }).code
      } finally {
        await dispatcher.close()
      }
    }
    try {
      expect(await asked(`${other.ca}${fresh.ca}`)).toBe('ok')
      expect(await asked(other.ca)).toMatch(/UNABLE_TO|SELF_SIGNED/)
      expect(await asked(fresh.ca, 'roadcrew-webhook.other.svc')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    } finally {
      server.close()
    }
  })
})
