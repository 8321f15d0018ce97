/** One request as the fake server reads it: whole, and before anything of it is believed. */
export interface S3Request {
  readonly method: string;
  /** As sent, still encoded, without the query. */
  readonly path: string;
  readonly bucket: string;
  /** Decoded; empty: the request is about the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const headerOf = (request: S3Request, name: string): string | undefined => request.headers[name];

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}
