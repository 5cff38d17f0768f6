import { expect, test } from 'vitest'
import { addressIn, addressOf, networkOf } from '../../src/auth/network.ts'

test.each([
  ['203.0.113.9', ['203.0.113.9', '203.0.113.9:80', ' 203.0.113.9 ', '::ffff:203.0.113.9', '::ffff:cb00:7109']],
  ['203.0.113.9', ['[::ffff:203.0.113.9]:443', '0:0:0:0:0:FFFF:CB00:7109']],
  ['2001:db8::1', ['2001:db8::1', '[2001:db8::1]', '[2001:db8::1]:443', '2001:DB8:0:0::1', '2001:0db8::0001%eth0']]
])('%s is one address, however a proxy spells it', (address, spellings) => {
  expect(spellings.map(addressIn)).toEqual(spellings.map(() => address))
})

test.each([
  '',
  'unknown',
  '_hidden',
  '0203.0.113.9',
  '203.0.113',
  '1.2.3.4:80:90',
  '[1.2.3.4',
  '::g',
  'x'.repeat(10_000)
])('%j is no address: the one of the socket counts', (ip) => {
  expect(addressIn(ip)).toBeUndefined()
  expect(addressOf({ ip, socket: { remoteAddress: '::ffff:192.0.2.1' } })).toBe('192.0.2.1')
})

test('a limit on an IPv6 address is one on its /64, and the network of a network is itself', () => {
  const networks = ['2001:db8:7:1::1', '2001:0DB8:7:1:ffff::', '[2001:db8:7:1::2]:80'].map(networkOf)
  expect(new Set(networks)).toEqual(new Set(['2001:db8:7:1']))
  expect(networkOf('2001:db8:7:1')).toBe('2001:db8:7:1')
  expect(networkOf('::1')).toBe('0:0:0:0')
  expect(networkOf('192.0.2.1:90')).toBe('192.0.2.1')
})

test('a request that came by a Unix socket has no address, and is answered', () => {
  expect(addressOf({ ip: undefined, socket: { remoteAddress: undefined } })).toBe('')
  expect(networkOf('')).toBe('')
})
