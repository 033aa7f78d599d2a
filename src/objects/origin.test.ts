import { describe, expect, it } from 'vitest'
import { originOf } from './origin.ts'

const object = (labels: object, annotations: object = {}, more: object = {}) => ({
  metadata: { labels, annotations, ...more },
})

describe('originOf', () => {
  it.each([
    [object({ team: 'payments' }), { owner: 'payments' }],
    [object({}, { 'meta.helm.sh/release-name': 'shop' }), { fixAt: 'Helm release shop' }],
    [
      object({ 'helm.sh/chart': 'shop-1.2.3' }, { 'meta.helm.sh/release-name': 'shop' }),
      { fixAt: 'Helm release shop', chart: 'shop 1.2.3' },
    ],
    [
      object({ 'helm.sh/chart': 'shop-1.2.3' }, { 'argocd.argoproj.io/tracking-id': 'shop:batch/CronJob:jobs/report' }),
      { fixAt: 'Argo CD application shop', chart: 'shop 1.2.3' },
    ],
    [object({ 'helm.sh/chart': 'kube-stack-2-61.0.0-rc.1' }), { fixAt: 'Helm', chart: 'kube-stack-2 61.0.0-rc.1' }],
    [object({ chart: 'old' }), { chart: 'old' }],
    [
      object({ 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' }),
      { fixAt: 'Flux Kustomization flux-system/apps' },
    ],
    [
      object({}, {}, { ownerReferences: [{ kind: 'ZonedCronJob', name: 'report', controller: true }] }),
      { fixAt: 'ZonedCronJob report' },
    ],
    [{ metadata: { labels: null, annotations: null } }, {}],
    [{}, {}],
  ])('%#', (given, origin) => expect(originOf(given)).toEqual(origin))
})
