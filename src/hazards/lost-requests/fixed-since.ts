// What Kubernetes itself has done against lost requests, and what remains.

export const raceRemains =
  'Not fixed. From 1.28 on kube-proxy sends to Pods that stop if no others are left (KEP-1669); no load balancer tells when it has let go of one.'

export const nativeSleep =
  '1.34 (the sleep handler needs nothing in the image; on by default since 1.30). What remains: exec hooks.'
