import { createHash, randomBytes } from 'node:crypto';
import type { Bucket, Wanted } from './objects.ts';
import { refuse } from './refusal.ts';

interface Part {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly sha256: string | undefined;
  readonly at: Date;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly at: Date;
  readonly wanted: Wanted;
  /** Every part needs the checksum then. */
  readonly sha256: boolean;
  readonly parts: Map<number, Part>;
}

/** What each part but the last has to have. */
const LEAST_PART = 5 * 1_048_576;

/** Uploads in parts that nobody finished yet. */
export class Uploads {
  readonly all = new Map<string, Upload>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  bytesHeld(): number {
    return [...this.all.values()].flatMap(({ parts }) => [...parts.values()]).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  begin(key: string, wanted: Wanted, sha256: boolean): Upload {
    const upload = { id: randomBytes(12).toString('hex'), key, at: this.#now(), wanted, sha256, parts: new Map<number, Part>() };
    this.all.set(upload.id, upload);
    return upload;
  }

  require(id: string, key: string): Upload {
    const found = this.all.get(id);
    return found?.key === key ? found : refuse(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
  }

  put(upload: Upload, number: number, bytes: Buffer, sha256: string | undefined): Part {
    if (!(number >= 1 && number <= 10_000))
      refuse(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    if (upload.sha256 && sha256 === undefined)
      refuse(400, 'InvalidRequest', 'The upload was created using the sha256 checksum mode. The part needs it.');
    const part = { bytes, etag: createHash('md5').update(bytes).digest('hex'), sha256, at: this.#now() };
    upload.parts.set(number, part);
    return part;
  }

  complete(upload: Upload, listed: readonly { number: number; etag: string; sha256: string | undefined }[], bucket: Bucket) {
    const parts = listed.map(({ number, etag, sha256 }, index) => {
      const part = upload.parts.get(number);
      if (part === undefined || part.etag !== etag)
        return refuse(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
      if (upload.sha256 && part.sha256 !== sha256) refuse(400, 'InvalidPart', 'The checksum of a part does not match.');
      if (index > 0 && (listed[index - 1]?.number ?? 0) >= number)
        refuse(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
      if (index < listed.length - 1 && part.bytes.length < LEAST_PART)
        refuse(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
      return part;
    });
    if (parts.length === 0) refuse(400, 'MalformedXML', 'You must specify at least one part');
    const etags = createHash('md5');
    const sums = createHash('sha256');
    for (const part of parts) {
      etags.update(part.etag, 'hex');
      sums.update(part.sha256 ?? '', 'base64');
    }
    this.all.delete(upload.id);
    return bucket.put(upload.key, Buffer.concat(parts.map(({ bytes }) => bytes)), upload.wanted, {
      etag: `${etags.digest('hex')}-${parts.length}`,
      sha256: upload.sha256 ? `${sums.digest('base64')}-${parts.length}` : undefined,
    });
  }
}
