import type { Repository } from '../backup/repository.ts';
import { alarmOf, rowOf, type Alarm, type Content } from './batch.ts';
import { coldKey } from './cold-name.ts';
import { copyFromHot } from './copy-from-hot.ts';
import { recordVerified, type Asker, type BlobCopy } from './events.ts';
import type { BlobFacts } from './inspect.ts';
import type { Keyring } from './keyring.ts';
import { difference } from './proof.ts';
import { readBack, type ColdLook } from './read-back.ts';
import { readyOf } from './ready.ts';
import type { Ready } from './remove.ts';

/** What blobs of a batch are prepared with. */
export interface Bench {
  /** Several ask at the same time: {@link file://./events.ts inTurns}. */
  readonly session: Asker;
  readonly facts: BlobFacts;
  readonly destination: Repository;
  readonly keyring: Keyring;
  /** Folder of this machine for what is on its way. */
  readonly spool: string;
  /** True: this login may say that a copy was read back. */
  readonly mayVerify: boolean;
  /** Copies there are, by hash. */
  readonly copies: ReadonlyMap<string, BlobCopy>;
  /** Removals that were begun by a run that died in them: `location\nhash`. */
  readonly begun: ReadonlySet<string>;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** What became of one content. */
export interface Prepared {
  readonly ready: readonly Ready[];
  readonly alarms: readonly Alarm[];
  /** Copied and read back, and somebody else has to read it back as well before anything is removed. */
  readonly waiting: number;
  /** It was copied by this run. */
  readonly copied: boolean;
  readonly notes: readonly string[];
}

/**
 * Brings a content into cold storage where it is not yet, reads it back from there, records both, and hashes what is to be taken away. Fails with
 * storage.failed where cold storage does not answer; what is wrong with one blob is an alarm.
 */
export async function prepare(content: Content, bench: Bench): Promise<Prepared> {
  const known = bench.copies.get(content.proof.sha256);
  const nothing = { ready: [], alarms: [], waiting: 0, copied: false, notes: [] } as const;
  if (known !== undefined && known.bytes !== content.proof.bytes)
    return { ...nothing, alarms: [alarmOf(rowOf(content), 'changed', `${known.uri} ${difference(content.proof, known)}`)] };
  // Somebody else has to read it back, and has not yet: it would be read here every hour until then.
  if (known !== undefined && known.problem !== null && !bench.mayVerify && (await isThere(known, bench)))
    return { ...nothing, waiting: content.sources.length };
  const { copy, look, alarms, notes, copied } = await goodCopy(content, known, bench);
  if (copy === null) return { ...nothing, alarms, notes };
  const problem = await confirm(copy, look, bench);
  if (problem !== null) return { ...nothing, alarms, notes, copied, waiting: content.sources.length };
  const outcomes = await inTurn(content.sources, (source) => readyOf(source, { ...copy, problem }, bench));
  return {
    ready: outcomes.flatMap((one) => ('kind' in one ? [] : [one])),
    alarms: [
      ...alarms,
      ...outcomes.flatMap((one) => ('kind' in one && !alarms.some(({ rowKey }) => rowKey === one.rowKey) ? [one] : [])),
    ],
    waiting: 0,
    copied,
    notes,
  };
}

async function inTurn<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of items) results.push(await act(one));
  return results;
}

/** Nothing of it is read: only that it has not gone. */
async function isThere(copy: BlobCopy, { destination: { storage } }: Bench): Promise<boolean> {
  return storage.stateOf === undefined || (await storage.stateOf(coldKey(copy.sha256, copy.commitment))) !== null;
}

interface GoodCopy {
  /** Read back just now; null: there is none, and the alarms say why. */
  readonly copy: BlobCopy | null;
  readonly look: ColdLook;
  readonly alarms: readonly Alarm[];
  readonly notes: readonly string[];
  readonly copied: boolean;
}

async function goodCopy(content: Content, known: BlobCopy | undefined, bench: Bench): Promise<GoodCopy> {
  const seen = known === undefined ? null : await readBack(known, bench);
  if (known !== undefined && seen?.state === 'whole') return { copy: known, look: seen, alarms: [], notes: [], copied: false };
  const { copy, alarms } = await copyFromHot(content, bench);
  const row = rowOf(content);
  if (copy === null) {
    const lost =
      known === undefined ? [] : [alarmOf(row, 'cold', `${coldText(known, seen)}, and no good blob is left to copy it from`)];
    return { copy: null, look: { state: 'missing' }, alarms: [...alarms, ...lost], notes: [], copied: false };
  }
  const look = await readBack(copy, bench);
  const notes =
    known === undefined ? [] : [`${coldText(known, seen)}, and was copied again from where it still is: find out who did that.`];
  if (look.state === 'whole') return { copy, look, alarms, notes, copied: true };
  return {
    copy: null,
    look,
    alarms: [...alarms, alarmOf(row, 'cold', `${coldText(copy, look)}, right after it was written`)],
    notes,
    copied: false,
  };
}

function coldText({ uri }: BlobCopy, look: ColdLook | null): string {
  return look?.state === 'damaged' ? `${uri} is damaged (${look.problem})` : `${uri} is gone from cold storage`;
}

/** Records that it was read back, where that has not been done and this login may. Why the blob stays; null: it may be taken away. */
async function confirm(copy: BlobCopy, look: ColdLook, { session, mayVerify }: Bench): Promise<string | null> {
  const content = look.state === 'whole' && look.depth === 'content';
  return copy.problem === null || !mayVerify || !content ? copy.problem : recordVerified(session, copy, copy);
}
