// Websites made with the shop's own chart.
import { type AppPlan, type AppRest, type Delivery, deployment } from './plan.ts'

const chart = 'web-base-1.4.2'

/** Makes rows of websites from the one way in which a cluster installs charts; the release has the website's name. */
export const webBase =
  (install: (release: string, chart: string) => Delivery) =>
  (path: string, image: string, replicas: number, rest: AppRest = {}): AppPlan =>
    deployment(path, image, replicas, install(path.slice(path.indexOf('/') + 1), chart), {
      port: 3000,
      // The hook takes the whole grace period: the app itself gets no time to end its requests.
      preStop: 30,
      preStopBy: 'shell',
      grace: 30,
      ...rest,
    })
