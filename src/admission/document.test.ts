import { describe, expect, it } from 'vitest'
import { answerOf, parseReview } from './document.ts'

const request = { uid: 'u-1', kind: { kind: 'Pod' }, namespace: 'web', object: { metadata: {} } }
const review = (more: object, of: object = {}) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    ...of,
    request: { ...request, ...more },
  })

describe('a review', () => {
  it('is what the API server sends', () =>
    expect(parseReview(review({}))).toEqual({
      uid: 'u-1',
      request: { kind: 'Pod', namespace: 'web', name: '', object: { metadata: {} } },
    }))

  it('of a name that is to be made up has what it begins with, and a dry run is told', () =>
    expect(parseReview(review({ object: { metadata: { generateName: 'shop-' } }, dryRun: true }))).toMatchObject({
      request: { name: 'shop-', dryRun: true },
    }))

  it.each([
    ['{', /^no JSON: /],
    ['null', /^expected an AdmissionReview/],
    [review({}, { apiVersion: 'admission.k8s.io/v1beta1' }), /got AdmissionReview of admission.k8s.io\/v1beta1/],
    [review({ uid: 7 }), /^request.uid: /],
    [review({ kind: null }), /^request.kind.kind: /],
    [review({ object: null }), /^request.object: /],
  ])('that can not be answered is told apart: %s', (text, wrong) =>
    expect(parseReview(text)).toEqual({ wrong: expect.stringMatching(wrong) }),
  )
})

it('an answer lets everything through, with a patch only where there is one', () => {
  expect(answerOf('u-1', { patch: [], warnings: [] })).toMatchObject({ response: { uid: 'u-1', allowed: true } })
  const patch = [{ op: 'add', path: '/ü', value: '漢' }] as const
  const { response } = answerOf('u-1', { patch, warnings: ['w'] }) as {
    response: { patch: string; warnings: string[] }
  }
  expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual(patch)
  expect(response.warnings).toEqual(['w'])
})
