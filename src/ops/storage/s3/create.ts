import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadObjectCommand, type PutObjectCommand } from '@aws-sdk/client-s3';
import { fail } from '../../../core/errors.ts';
import { statusOf } from './client.ts';
import { digestOf } from './digest.ts';
import { requireStored } from './prove.ts';
import { putRequest } from './put.ts';
import type { Target } from './target.ts';

/** 409 says that another writer is taking the key right now; the service asks to try again. */
const TRIES = 5;

/** Metadata by which a file says who made it: a retried request cannot tell from the answer whether the first one got through. */
const CREATION = 'dbctl-creation';

/** Stores an object where there is none of that key. False: there is one. */
export async function createObject(target: Target, content: Buffer): Promise<boolean> {
  const digest = digestOf(content);
  const mine = randomBytes(16).toString('hex');
  for (let attempt = 1; ; attempt += 1) {
    const asked = target.clock();
    const outcome = await putNew(
      target,
      putRequest(target, content, digest, asked, { IfNoneMatch: '*', Metadata: { [CREATION]: mine } }),
    );
    if (outcome === 'busy' && attempt < TRIES) {
      await sleep(100 * attempt, undefined, { signal: target.signal });
      continue;
    }
    if (outcome === 'busy')
      fail('storage.failed', `s3://${target.bucket}/${target.key} is neither free nor taken`, { hint: 'Run it again.' });
    if (outcome === 'taken' && (await creationOf(target)) !== mine) return false;
    await requireStored(target, { digest, version: undefined, asked }, null);
    return true;
  }
}

function putNew({ client, signal }: Target, request: PutObjectCommand): Promise<'stored' | 'taken' | 'busy'> {
  return client.send(request, { abortSignal: signal }).then(
    () => 'stored',
    (thrown: unknown) => {
      if (statusOf(thrown) === 412) return 'taken';
      if (statusOf(thrown) === 409) return 'busy';
      throw thrown;
    },
  );
}

async function creationOf({ client, bucket, key, signal }: Target): Promise<string | undefined> {
  const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
  return head.Metadata?.[CREATION];
}

/** The object by which the service is tried; its name is that of no file, and no listing shows it. */
const TRIAL = '.dbctl-000000000000.tmp';

/**
 * Tries whether the service refuses to create what is there: some take no notice of the condition and write over it. One small request, where
 * the object of the trial is there. Fails with storage.failed, before any file was touched.
 */
export async function proveCreation(target: Target, root: string, place: string): Promise<void> {
  const trial: Target = { ...target, key: `${root}${TRIAL}`, lock: null };
  const bytes = Buffer.from('By this object dbctl tries whether If-None-Match is known here.\n');
  const put = () => putNew(trial, putRequest(trial, bytes, digestOf(bytes), trial.clock(), { IfNoneMatch: '*' }));
  if ((await put()) !== 'stored' || (await put()) !== 'stored') return;
  fail('storage.failed', `${place} writes over files that are to be created only: the service does not know If-None-Match`, {
    hint: 'Two runs at once could not be told apart. Take another service, or another kind of repository.',
  });
}
