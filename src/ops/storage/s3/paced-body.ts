import { Readable } from 'node:stream';
import type { PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { paced, type Pace } from '../pace.ts';

/**
 * Sends the body of a request at a pace. It is replaced below signing and retries: each attempt signs the whole bytes and sends them anew.
 */
export function pacedBody(command: PutObjectCommand | UploadPartCommand, pace: Pace, signal: AbortSignal): void {
  const stack = command.middlewareStack as PutObjectCommand['middlewareStack'];
  stack.add((next) => (args) => next({ ...args, request: withPacedBody(args.request, pace, signal) }), {
    step: 'deserialize',
    priority: 'low',
    name: 'pacedBody',
  });
}

function withPacedBody(request: unknown, pace: Pace, signal: AbortSignal): unknown {
  const { body } = request as { readonly body?: unknown };
  if (!(body instanceof Uint8Array)) return request;
  const stream = Readable.from(paced(Buffer.from(body), pace, signal), { objectMode: false });
  // It fails by the signal alone, which ends the request as well, and then nobody listens to it any more.
  stream.on('error', () => {});
  return Object.assign(Object.create(Object.getPrototypeOf(request) as object) as object, request, { body: stream });
}
