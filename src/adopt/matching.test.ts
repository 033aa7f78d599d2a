import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameMatcher, pathMatcher, scopeMatcher, type Target } from './matching.ts'

describe('globs of paths', () => {
  it.each([
    ['deploy', 'deploy/web.yaml', true],
    ['deploy/', 'deploy/a/web.yaml', true],
    ['./deploy', 'deploy/web.yaml', true],
    ['deploy', 'deployments/web.yaml', false],
    ['deploy/*.yaml', 'deploy/web.yaml', true],
    ['deploy/*.yaml', 'deploy/a/web.yaml', false],
    ['**/vendored', 'charts/vendored/a/web.yaml', true],
    ['charts/*/templates', 'charts/shop/templates/web.yaml', true],
    ['web.yaml', 'web.yaml', true],
    ['**', '.github/web.yaml', true],
    ['.', 'deploy/web.yaml', true],
    ['**', '../other/web.yaml', false],
    ['../other', '../other/web.yaml', true],
    ['a(b', 'a(b/c.yaml', true],
  ])('%s, %s: %s', (glob, path, is) => expect(pathMatcher([glob])(path)).toBe(is))
})

describe('globs of names', () => {
  it.each([
    ['eu-*', 'eu-west', true],
    ['*', '', true],
    ['?', '', false],
    ['prod', 'production', false],
    ['*prod*', 'arn:aws:eks:eu-west-1:1:cluster/prod-7', true],
    ['{shop,pay}-*', 'pay-api', true],
  ])('%s, %s: %s', (glob, name, is) => expect(nameMatcher([glob])(name)).toBe(is))
})

const target: Target = { world: 'eu', kind: 'Deployment', namespace: 'shop', name: 'web', path: 'deploy/web.yaml' }
const { namespace: _, ...bare } = target

describe('a scope', () => {
  it.each([
    [{}, target, true],
    [{ objects: ['shop/web'] }, target, true],
    [{ objects: ['deployment/shop/w*'] }, target, true],
    [{ objects: ['StatefulSet/shop/web', 'shop/db'] }, target, false],
    [{ objects: ['*/web'] }, bare, true],
    [{ objects: ['shop/web'] }, bare, false],
    [{ namespaces: ['*'] }, bare, false],
    [{ namespaces: ['shop'], paths: ['deploy'] }, target, true],
    [{ namespaces: ['shop'], paths: ['charts'] }, target, false],
    [{ paths: ['**'] }, { ...target, path: undefined }, false],
    [{ clusters: ['us-*', 'eu'] }, target, true],
    [{ clusters: ['us-*'] }, target, false],
    [{ clusters: ['eu*'] }, { ...target, world: '' }, false],
  ])('%j holds for %j: %s', (scope, of, is) => {
    const { path, ...rest } = of
    expect(scopeMatcher(scope)({ ...rest, ...(path !== undefined && { path }) })).toBe(is)
  })
})

const segment = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,8}$/)
const paths = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

describe('whatever the names', () => {
  it('a path, a folder above it, and its file name anywhere stand for it', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const parts = path.split('/')
        for (let length = 1; length <= parts.length; length++) {
          expect(pathMatcher([parts.slice(0, length).join('/')])(path)).toBe(true)
        }
        expect(pathMatcher([`**/${parts.at(-1)}`])(path)).toBe(true)
      }),
    )
  })

  it('another path does not, unless it is below', () => {
    fc.assert(
      fc.property(paths, paths, (glob, path) => {
        expect(pathMatcher([glob])(path)).toBe(path === glob || path.startsWith(`${glob}/`))
      }),
    )
  })

  it('an object is named by its own name, and by no other', () => {
    fc.assert(
      fc.property(segment, segment, segment, segment, (ns, name, otherNs, other) => {
        const of = { world: 'eu', kind: 'Deployment', namespace: ns, name }
        expect(scopeMatcher({ objects: [`Deployment/${ns}/${name}`] })(of)).toBe(true)
        expect(scopeMatcher({ objects: [`${otherNs}/${other}`] })(of)).toBe(otherNs === ns && other === name)
      }),
    )
  })

  it('more in a list stands for more, and one list more for less', () => {
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1 }), paths, segment, (globs, path, ns) => {
        const of = { world: 'eu', kind: 'Lamp', namespace: ns, name: 'a', path }
        const some = scopeMatcher({ paths: globs.slice(0, 1) })(of)
        const all = scopeMatcher({ paths: globs })(of)
        expect(all || !some).toBe(true)
        expect(scopeMatcher({ paths: globs, namespaces: [`${ns}x`] })(of)).toBe(false)
      }),
    )
  })
})
