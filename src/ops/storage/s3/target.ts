import type { S3Client } from '@aws-sdk/client-s3';
import type { Checksums, ObjectLock } from './client.ts';

/** Where one object goes, and how. */
export interface Target {
  readonly client: S3Client;
  readonly bucket: string;
  /** With the prefix. */
  readonly key: string;
  readonly checksums: Checksums;
  readonly lock: ObjectLock | null;
  /** Size of a part, where the file does not need larger ones. */
  readonly partBytes: number;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
}
