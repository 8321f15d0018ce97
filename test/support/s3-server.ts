import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { act } from './s3/acts.ts';
import { Bucket, type BucketOptions } from './s3/objects.ts';
import { Refusal } from './s3/refusal.ts';
import type { S3Answer, S3Request } from './s3/request.ts';
import { checkSignature } from './s3/signature.ts';
import { Uploads } from './s3/uploads.ts';
import { xml } from './s3/xml.ts';

/** What goes wrong with one request. */
export type Fault =
  /** Answered with this status before anything is done. */
  | { readonly kind: 'status'; readonly status: number; readonly code?: string }
  /** The connection ends; nothing was done. */
  | { readonly kind: 'reset' }
  /** It is done, and the connection ends before the answer. */
  | { readonly kind: 'reset after' }
  /** No answer ever. */
  | { readonly kind: 'silence' }
  /** The body of the answer ends after so many bytes, with the connection. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The body of the answer stops after so many bytes and the connection stays. */
  | { readonly kind: 'stall'; readonly bytes: number }
  /** One bit of the body of the answer is another. */
  | { readonly kind: 'flip'; readonly at: number };

export interface S3ServerOptions extends BucketOptions {
  /** Refuses the checksum headers of this decade with 501. */
  readonly refusesChecksums?: boolean;
  readonly hidesLocks?: boolean;
}

export const S3_KEYS = { id: 'AKIDFAKE', key: 'canary-secret-key/of+the+fake', region: 'eu-test-1' } as const;

/**
 * A service that speaks S3 and believes nothing: signatures, payload hashes, checksums, conditions, sizes of parts and locks are checked as
 * the real one does, or more strictly. Everything is in memory; one bucket called `lab`.
 */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: Bucket;
  readonly uploads: Uploads;
  /** `PUT key` and so on, in the order in which they came. */
  readonly seen: string[];
  /** Most requests that were being answered at the same time. */
  readonly widest: () => number;
  /** Asked for each request; what it returns goes wrong. */
  fault: (request: S3Request, count: number) => Fault | undefined;
  now: () => Date;
  stop(): Promise<void>;
}

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const now = () => server.now();
  const service = {
    bucket: new Bucket(options, now),
    uploads: new Uploads(now),
    refusesChecksums: options.refusesChecksums === true,
    hidesLocks: options.hidesLocks === true,
  };
  let [open, widest] = [0, 0];
  const http = createServer((incoming, response) => {
    open += 1;
    widest = Math.max(widest, open);
    response.once('close', () => (open -= 1));
    serve(incoming, response).catch(() => response.destroy());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    server.seen.push(`${request.method} ${request.key}${request.query.has('uploadId') ? '?part' : ''}`);
    const fault = server.fault(request, server.seen.length);
    if (fault?.kind === 'reset') return void response.destroy();
    if (fault?.kind === 'silence') return;
    const answer =
      fault?.kind === 'status' ? errorAnswer(new Refusal(fault.status, fault.code ?? 'InternalError')) : answerTo(request);
    if (fault?.kind === 'reset after') return void response.destroy();
    await send(response, answer, request.method === 'HEAD', fault);
  }

  function answerTo(request: S3Request): S3Answer {
    try {
      checkSignature(request, S3_KEYS);
      if (request.bucket !== 'lab') throw new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
      return act(service, request);
    } catch (thrown) {
      if (thrown instanceof Refusal) return errorAnswer(thrown);
      throw thrown;
    }
  }

  const server: S3Server = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: service.bucket,
    uploads: service.uploads,
    seen: [],
    widest: () => widest,
    fault: () => undefined,
    now: () => new Date(),
    stop: async () => {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
  return server;
}

async function readRequest(incoming: IncomingMessage): Promise<S3Request> {
  const [path = '', query = ''] = (incoming.url ?? '').split('?');
  const [, bucket = '', ...key] = decodeURIComponent(path).split('/');
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  return {
    method: incoming.method ?? '',
    path,
    bucket,
    key: key.join('/'),
    query: new URLSearchParams(query),
    headers,
    body: await buffer(incoming),
  };
}

const errorAnswer = ({ status, code, message }: Refusal): S3Answer => ({
  status,
  body: xml('Error', { Code: code, Message: message }),
});

async function send(response: ServerResponse, answer: S3Answer, head: boolean, fault: Fault | undefined): Promise<void> {
  const body = Buffer.from(answer.body ?? '');
  if (fault?.kind === 'flip' && fault.at < body.length) body.writeUInt8(body.readUInt8(fault.at) ^ 1, fault.at);
  const length = answer.headers?.['content-length'] ?? String(body.length);
  response.writeHead(answer.status, { 'x-amz-request-id': 'FAKE', ...answer.headers, 'content-length': length });
  if (head) return void response.end();
  if (fault?.kind !== 'short' && fault?.kind !== 'stall') return void response.end(body);
  response.write(body.subarray(0, fault.bytes));
  if (fault.kind === 'stall') return;
  // The bytes before the end are to arrive: a reset would take them back.
  await sleep(30);
  response.destroy();
}
