import { describe, expect, it } from 'vitest'
import { isOf, parseDevices, parseOnLink } from './routes.ts'

const columns = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const routes = [
  columns,
  'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0',
  'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0',
  'cni0\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  'flannel.1\t0001F40A\t0001F40A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  'old0\t0000000A\t00000000\t0000\t0\t0\t0\t000000FF\t0\t0\t0',
  'eth0\t0001',
  '',
].join('\n')

describe('/proc/net/route', () => {
  it('tells the networks that are reached without a router', () =>
    expect(parseOnLink(routes)).toEqual([
      { device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0' },
      { device: 'cni0', network: '10.244.0.0', mask: '255.255.255.0' },
    ]))

  it('is none without its header', () => expect(parseOnLink('eth0\t00000000\n')).toBeUndefined())

  it.each([
    ['192.168.1.240', true],
    ['192.168.2.1', false],
    ['[fd00::1]', false],
    ['fd00:0000:0000:0000:0000:0000:0000:0001', false],
  ])('says whether %s is in one: %s', (address, is) =>
    expect(isOf(address, { device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0' })).toBe(is),
  )

  it('knows the upper half of the addresses', () =>
    expect(isOf('203.0.113.7', { device: 'eth0', network: '203.0.113.0', mask: '255.255.255.128' })).toBe(true))
})

describe('/proc/net/dev', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0
kube-ipvs0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
eth0.100:1234 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
`
  it('names the devices', () => expect(parseDevices(text)).toEqual(['lo', 'kube-ipvs0', 'eth0.100']))
  it('is none without its header', () => expect(parseDevices('eth0: 1\n')).toBeUndefined())
})
