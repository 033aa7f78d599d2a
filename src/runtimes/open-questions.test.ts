import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Answer, OpenQuestions } from './open-questions.ts'

const gone: Answer = { answer: 'gone' }

it('asks again only once the earlier question was answered', async () => {
  const questions = new OpenQuestions()
  let asked = 0
  let answer = (_: Answer): void => undefined
  const send = () => {
    asked++
    return new Promise<Answer>((resolve) => {
      answer = resolve
    })
  }
  expect((await questions.ask('a', 20, send)).answer).toBe('nothing')
  const began = performance.now()
  const second = await questions.ask('a', 20, send)
  expect(performance.now() - began).toBeLessThan(200) // at once; a busy machine takes a moment
  expect(second.answer).toBe('nothing')
  expect(second.ms).toBeGreaterThan(18) // a timer may be a little early
  expect(asked).toBe(1)
  answer(gone)
  await sleep(1)
  expect((await questions.ask('a', 20, async () => gone)).answer).toBe('gone')
})

it('gives the answer of an open question to whoever asks the same in time', async () => {
  const questions = new OpenQuestions()
  const first = questions.ask('a', 1_000, () => sleep(20, gone))
  const second = questions.ask('a', 1_000, () => Promise.reject(new Error('asked twice')))
  expect([(await first).answer, (await second).answer]).toEqual(['gone', 'gone'])
})

it('holds up no question about another container', async () => {
  const questions = new OpenQuestions()
  const mute = questions.ask('a', 50, () => new Promise(() => undefined))
  expect((await questions.ask('b', 50, async () => gone)).answer).toBe('gone')
  expect((await mute).answer).toBe('nothing')
})

it('makes an error a value', async () => {
  const refused = Object.assign(new Error('no'), { code: 'EACCES' })
  const answer = await new OpenQuestions().ask('a', 50, () => Promise.reject(refused))
  expect(answer).toEqual({ answer: 'error', because: 'no (EACCES)', ms: expect.any(Number) })
})
