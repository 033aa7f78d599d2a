// Shapes of objects that kubernetes-types does not have, or has in its newest version only: the fields that are read.
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js'
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js'

/** networking.k8s.io/v1 names a backend's service below `service`, v1beta1 beside the port. */
export interface IngressBackend {
  readonly service?: { readonly name?: string }
  readonly serviceName?: string
}

export interface Ingress {
  readonly metadata?: ObjectMeta
  readonly spec?: {
    readonly ingressClassName?: string
    readonly defaultBackend?: IngressBackend
    /** v1beta1's name of `defaultBackend`. */
    readonly backend?: IngressBackend
    readonly rules?: readonly {
      readonly host?: string
      readonly http?: { readonly paths?: readonly { readonly backend?: IngressBackend }[] }
    }[]
  }
}

/** HTTPRoute and GRPCRoute of the Gateway API. */
export interface Route {
  readonly metadata?: ObjectMeta
  readonly spec?: {
    readonly rules?: readonly {
      readonly backendRefs?: readonly { readonly kind?: string; readonly name?: string; readonly namespace?: string }[]
    }[]
  }
}

/** Argo Rollouts' Rollout; its strategy is not a Deployment's. */
export interface Rollout {
  readonly metadata?: ObjectMeta
  readonly spec?: {
    readonly replicas?: number
    readonly selector?: LabelSelector
    readonly template?: PodTemplateSpec
  }
}

/** Calico's FelixConfiguration (api/pkg/apis/projectcalico/v3/felixconfig.go). */
export interface FelixConfiguration {
  readonly metadata?: ObjectMeta
  readonly spec?: { readonly featureDetectOverride?: string }
}
