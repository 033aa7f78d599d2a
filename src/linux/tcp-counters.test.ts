import { expect, it } from 'vitest'
import { parseTcpCounters } from './tcp-counters.ts'

const snmp = `Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails
Tcp: 1 200 120000 -1 1234 77 3
`
const netstat = `TcpExt: SyncookiesSent TCPTimeouts TCPSynRetrans TCPOrigDataSent
TcpExt: 0 41 17 900
IpExt: InNoRoutes
IpExt: 0
`

it('counters of TCP are told by their names', () => {
  expect(parseTcpCounters(snmp, netstat)).toEqual({ activeOpens: 1234, synRetransmits: 17, timeouts: 41 })
})

it('counters that a kernel has not, or that were cut off, are missing', () => {
  expect(parseTcpCounters(snmp, 'TcpExt: SyncookiesSent TCPTimeouts\nTcpExt: 0\n')).toEqual({ activeOpens: 1234 })
  expect(parseTcpCounters('', 'TcpExt: TCPSynRetrans\n')).toEqual({})
})
