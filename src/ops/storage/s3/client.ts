import { S3Client } from '@aws-sdk/client-s3';

export interface S3Address {
  readonly bucket: string;
  readonly region: string;
  /** Of a compatible service; null: Amazon's own. */
  readonly endpoint: string | null;
  /** The bucket stands in the path of a request, and not in its host name; default: with an endpoint. */
  readonly pathStyle?: boolean;
  /** Null: credentials as the SDK finds them, by variables, profile or a role of the machine. */
  readonly access: { readonly id: string; readonly key: string } | null;
}

/** Compliance mode binds even the account's root. */
export interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
  /** Stays besides, until somebody takes it off each object. */
  readonly legalHold: boolean;
}

/** How long and how often the service is asked; the SDK waits for ever by itself. */
export interface Patience {
  readonly attempts: number;
  readonly connectMs: number;
  /** Longest silence on a connection. */
  readonly silenceMs: number;
  /** Longest time of one request with its answer, whatever its size; null: as long as bytes move. */
  readonly wholeMs: number | null;
}

/**
 * Checksums every service is asked for. `when_required`: some services refuse those the SDK would add by itself since 2025 (CRC32); they get
 * Content-MD5 instead, which all know.
 */
export type Checksums = 'sha256' | 'when_required';

/** A client for the bucket's service. */
export function makeClient(
  { region, endpoint, pathStyle, access }: S3Address,
  patience: Patience,
  checksums: Checksums,
): S3Client {
  const { connectMs, silenceMs, wholeMs } = patience;
  return new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint }),
    forcePathStyle: pathStyle ?? endpoint !== null,
    ...(access === null ? {} : { credentials: { accessKeyId: access.id, secretAccessKey: access.key } }),
    maxAttempts: patience.attempts,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: silenceMs,
      ...(wholeMs === null ? {} : { requestTimeout: wholeMs, throwOnRequestTimeout: true }),
    },
    ...(checksums === 'sha256'
      ? {}
      : { requestChecksumCalculation: 'WHEN_REQUIRED' as const, responseChecksumValidation: 'WHEN_REQUIRED' as const }),
  });
}

const DAY_MS = 86_400_000;

/** Headers that ask for the lock, of an object stored now. */
export function lockFields(lock: ObjectLock | null, now: Date) {
  if (lock === null) return {};
  return {
    ObjectLockMode: lockMode(lock),
    ObjectLockRetainUntilDate: new Date(now.getTime() + lock.days * DAY_MS),
    ...(lock.legalHold ? { ObjectLockLegalHoldStatus: 'ON' as const } : {}),
  };
}

export interface ShownLock {
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
}

/**
 * What is wrong with the lock an object has, in words; null: it has the one asked for at `asked`. A lock is not believed because it was asked
 * for: services that do not know the headers take the object and leave it deletable.
 */
export function lockProblem(shown: ShownLock, lock: ObjectLock | null, asked: Date): string | null {
  if (lock === null) return null;
  if (shown.ObjectLockMode !== lockMode(lock)) return `is stored without the lock of mode ${lock.mode} that was asked for`;
  if (lock.legalHold && shown.ObjectLockLegalHoldStatus !== 'ON') return 'is stored without the legal hold that was asked for';
  const until = shown.ObjectLockRetainUntilDate;
  // The service keeps whole seconds.
  if (until !== undefined && until.getTime() >= asked.getTime() + lock.days * DAY_MS - 1_000) return null;
  return `is locked until ${until?.toISOString() ?? 'no time'}, and not for the ${lock.days} days that were asked for`;
}

/** Why an object must not be removed yet, in words; null: nothing keeps it. */
export function keptBy(shown: ShownLock, now: Date): string | null {
  if (shown.ObjectLockLegalHoldStatus === 'ON') return 'is under legal hold';
  const until = shown.ObjectLockRetainUntilDate;
  return until === undefined || until <= now ? null : `is locked until ${until.toISOString()}`;
}

export const LOCK_HINT =
  'The bucket needs object lock, and the credentials the right s3:GetObjectRetention, without which the lock is not shown.';

const lockMode = ({ mode }: ObjectLock) => (mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const));

/** Which version of an object an answer is about; undefined: the bucket has none. Some services say `null` then and do not know it when asked. */
export const versionOf = ({ VersionId }: { readonly VersionId?: string | undefined }): string | undefined =>
  VersionId === 'null' ? undefined : VersionId;

/** Status of the service's answer; undefined when there was none. */
export const statusOf = (thrown: unknown): number | undefined =>
  (thrown as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;

export const isNoSuchKey = (thrown: unknown): boolean => {
  const name = (thrown as Error).name;
  return statusOf(thrown) === 404 && (name === 'NoSuchKey' || name === 'NotFound');
};
