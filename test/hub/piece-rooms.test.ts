import { expect, test } from 'vitest'
import { PieceRooms, ROOMS } from '../../src/hub/piece-rooms.ts'

const holder = (isWriting = true) => ({ isWriting })

test('pieces that were written take no new room: the next ones overwrite them', () => {
  const rooms = new PieceRooms()
  const first = rooms.take()
  expect(first).toBeTypeOf('number')
  expect(rooms.take()).toBe(first)
})

test('a piece that still waits for its client is not overwritten by those to come', () => {
  const rooms = new PieceRooms()
  const taken = new Set<number>()
  for (let clients = 0; clients < ROOMS; clients++) {
    taken.add(rooms.take()!)
    rooms.leave(holder())
  }
  expect(taken.size).toBe(ROOMS)
  expect([...taken].every((room) => room >= 0 && room < ROOMS)).toBe(true)
  expect(rooms.take()).toBeUndefined()
  rooms.leave(holder())
  expect(rooms.take()).toBeUndefined()
})

test('who has read gives its room back, and who has not keeps it', () => {
  const rooms = new PieceRooms()
  const clients = Array.from({ length: ROOMS }, () => {
    const client = { room: rooms.take(), isWriting: true }
    rooms.leave(client)
    return client
  })
  const [reader, other] = [clients[3]!, clients[7]!]
  reader.isWriting = other.isWriting = false
  const first = rooms.take()
  rooms.leave(holder())
  const second = rooms.take()
  expect(new Set([first, second])).toEqual(new Set([reader.room, other.room]))
  rooms.leave(holder())
  expect(rooms.take()).toBeUndefined()
})
