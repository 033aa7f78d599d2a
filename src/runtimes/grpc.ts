// Unary gRPC calls over a unix socket. The messages are in proto/, read when the first call is made: grpc-js brings the
// loader anyway, so no generator and no generated code is needed for these few fields.
import { join } from 'node:path'
import { Client, type ClientUnaryCall, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader'
import { ownPath } from '../own-files.ts'

/** containerd's own limit of a message (defaults.DefaultMaxSendMsgSize); grpc-js has 4 MiB, which 400 containers fill. */
const mostBytes = 16 * 1024 * 1024

export interface Failure {
  /** The name of the gRPC status, e.g. NOT_FOUND. */
  readonly status: string
  readonly because: string
}

export type Reply<T> = { readonly value: T } | { readonly failure: Failure }

export interface Caller {
  /**
   * @param method the full name, e.g. `containerd.services.tasks.v1.Tasks.Get`.
   * @param until when to give up, on the clock of Date.now(); Infinity: never.
   * @returns what came, or the failure; never rejects. `T` has to be what the .proto file says.
   */
  call<T>(method: string, request: object, until: number, headers?: Readonly<Record<string, string>>): Promise<Reply<T>>
  /** Open calls fail, with CANCELLED. */
  close(): void
}

/** Connects with the first call. @param files those of proto/ that its methods are in. */
export function grpcCaller(socket: string, files: readonly string[]): Caller {
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': mostBytes,
    // By itself it would wait up to 2 min before it tries a daemon again that was away, and fail all calls meanwhile.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.use_local_subchannel_pool': 1,
  })
  let methods: ReadonlyMap<string, MethodDefinition<object, object>> | undefined
  const open = new Set<ClientUnaryCall>()
  return {
    call: <T>(name: string, request: object, until: number, headers: Readonly<Record<string, string>> = {}) => {
      methods ??= methodsOf(files)
      const method = methods.get(name)
      if (!method) throw new Error(`${files.join(', ')} have no ${name}`)
      const metadata = new Metadata()
      for (const [key, value] of Object.entries(headers)) metadata.set(key, value)
      return new Promise<Reply<T>>((resolve) => {
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadata,
          { deadline: until },
          (error, value) => {
            open.delete(call)
            if (error) resolve({ failure: failureOf(error) })
            else resolve({ value: value as T })
          },
        )
        open.add(call)
      })
    },
    // The client's own close waits for them.
    close() {
      for (const call of open) call.cancel()
      client.close()
    },
  }
}

function failureOf({ code, details, message }: ServiceError): Failure {
  const name = status[code] ?? String(code)
  if (code === status.DEADLINE_EXCEEDED) return { status: name, because: 'no whole answer in time' }
  // An empty note about name resolution, which a socket does without, ends what grpc-js says.
  return { status: name, because: `${(details || message).replace(/\.? *Resolution note: *$/, '')} (${name})` }
}

/** Fields that are not set come as empty ones, as proto3 means them; messages that are not set as null. */
function methodsOf(files: readonly string[]): Map<string, MethodDefinition<object, object>> {
  const folder = ownPath('src/runtimes/proto')
  const definitions = files.map((file) =>
    loadSync(join(folder, file), { longs: Number, enums: String, defaults: true, arrays: true, objects: true }),
  )
  return new Map(
    definitions
      .flatMap((definition) => Object.entries(definition))
      .filter((entry): entry is [string, ServiceDefinition] => !('format' in entry[1]))
      .flatMap(([service, of]) => Object.entries(of).map(([method, it]) => [`${service}.${method}`, it] as const)),
  )
}
