import { createHash, randomBytes } from 'node:crypto';
import { headerOf, type S3Request } from './request.ts';
import { refuse } from './refusal.ts';

/** One version of an object; `bytes` null: a delete marker. */
export interface Version {
  readonly id: string;
  readonly at: Date;
  bytes: Buffer | null;
  readonly etag: string;
  readonly sha256: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lock: { readonly mode: string; readonly until: Date } | null;
  readonly hold: boolean;
}

export interface BucketOptions {
  readonly versions?: boolean;
  /** Object lock, which needs versions. */
  readonly locks?: boolean;
  /** Takes the lock headers and forgets them, as services do that do not know them. */
  readonly forgetsLocks?: boolean;
  /** Takes no notice of If-None-Match, as old services do. */
  readonly forgetsConditions?: boolean;
  /** Answers 507 when it holds so many bytes. */
  readonly room?: number;
}

export type Wanted = Pick<Version, 'metadata' | 'lock' | 'hold'>;

/** The objects of one bucket, newest version of each first. */
export class Bucket {
  readonly #objects = new Map<string, Version[]>();
  readonly #options: BucketOptions;
  readonly #now: () => Date;

  constructor(options: BucketOptions, now: () => Date) {
    [this.#options, this.#now] = [options, now];
  }

  keys(): string[] {
    return [...this.#objects.keys()]
      .filter((key) => this.isThere(key))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  isThere(key: string): boolean {
    return (this.versions(key)[0]?.bytes ?? null) !== null;
  }

  versions(key: string): readonly Version[] {
    return this.#objects.get(key) ?? [];
  }

  allKeys(): string[] {
    return [...this.#objects.keys()].toSorted();
  }

  get(key: string, version?: string): Version & { bytes: Buffer } {
    const all = this.versions(key);
    const found = version === undefined ? all[0] : all.find(({ id }) => id === version);
    if (found === undefined || found.bytes === null)
      return refuse(404, version === undefined ? 'NoSuchKey' : 'NoSuchVersion', 'The specified key does not exist.');
    return found as Version & { bytes: Buffer };
  }

  bytesHeld(): number {
    return [...this.#objects.values()].flat().reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  }

  /** Whether the condition of the request lets it write the key. */
  checkCondition(request: S3Request, key: string): void {
    const condition = headerOf(request, 'if-none-match');
    if (condition === undefined || this.#options.forgetsConditions === true) return;
    if (condition !== '*') refuse(501, 'NotImplemented', 'only If-None-Match: * is known');
    if (this.isThere(key)) refuse(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  }

  checkRoom(more: number): void {
    if (this.bytesHeld() + more > (this.#options.room ?? Infinity))
      refuse(507, 'InsufficientStorage', 'Storage backend has reached its minimum free drive threshold');
  }

  put(
    key: string,
    bytes: Buffer,
    wanted: Wanted,
    { etag, sha256 }: { etag?: string; sha256?: string | undefined } = {},
  ): Version {
    const version: Version = {
      ...wanted,
      ...(this.#options.forgetsLocks === true ? { lock: null, hold: false } : {}),
      id: this.#options.versions === true ? randomBytes(12).toString('hex') : 'null',
      at: this.#now(),
      bytes,
      etag: etag ?? createHash('md5').update(bytes).digest('hex'),
      sha256,
    };
    this.#add(key, version);
    return version;
  }

  #add(key: string, version: Version): void {
    const older = this.#options.versions === true ? this.versions(key) : [];
    this.#objects.set(key, [version, ...older]);
  }

  /** Without a version: a delete marker where there are versions. */
  remove(key: string, version: string | undefined, bypass: boolean): { marker: boolean } {
    if (version === undefined && this.#options.versions === true) {
      this.#add(key, {
        id: randomBytes(12).toString('hex'),
        at: this.#now(),
        bytes: null,
        etag: '',
        sha256: undefined,
        metadata: {},
        lock: null,
        hold: false,
      });
      return { marker: true };
    }
    const going = this.versions(key).find(({ id }) => version === undefined || id === version);
    const kept = isLocked(going?.lock ?? null, this.#now(), bypass);
    if (kept || going?.hold === true) refuse(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
    const left = this.versions(key).filter((one) => one !== going);
    if (left.length === 0) this.#objects.delete(key);
    else this.#objects.set(key, left);
    return { marker: false };
  }

  /** What the headers of a put or of the beginning of an upload ask for. */
  wanted(request: S3Request): Wanted {
    const mode = headerOf(request, 'x-amz-object-lock-mode');
    const until = headerOf(request, 'x-amz-object-lock-retain-until-date');
    const hold = headerOf(request, 'x-amz-object-lock-legal-hold');
    const metadata = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value] as const] : [],
      ),
    );
    if (mode === undefined && until === undefined && hold === undefined) return { metadata, lock: null, hold: false };
    if (this.#options.forgetsLocks !== true && this.#options.locks !== true)
      refuse(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
    if ((mode === undefined) !== (until === undefined))
      refuse(400, 'InvalidArgument', 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied');
    if (mode === undefined || until === undefined) return { metadata, lock: null, hold: hold === 'ON' };
    if (!['GOVERNANCE', 'COMPLIANCE'].includes(mode)) refuse(400, 'InvalidArgument', 'Unknown wormMode directive.');
    const end = new Date(until);
    if (!(end > this.#now())) refuse(400, 'InvalidArgument', 'The retain until date must be in the future!');
    return { metadata, lock: { mode, until: end }, hold: hold === 'ON' };
  }
}

const isLocked = (lock: Version['lock'], now: Date, bypass: boolean): boolean =>
  lock !== null && lock.until > now && !(bypass && lock.mode === 'GOVERNANCE');
