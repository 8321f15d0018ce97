import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Repository } from '../backup/repository.ts';
import { tableText } from '../retention/settings.ts';
import { inTurns, missingRights, readCopiesOf, recordVerified, type BlobCopy } from './events.ts';
import type { BlobFacts } from './inspect.ts';
import { Keyring } from './keyring.ts';
import { readBack } from './read-back.ts';
import { readReferrers } from './rows.ts';
import { mapAtOnce } from '../storage/at-once.ts';

/** What was found of one copy. */
export interface BlobVerdict {
  readonly copy: BlobCopy;
  /** Why it is not what it has to be; null: it is. */
  readonly problem: string | null;
  /** stored: what lies there is what was written; no identity opens it here, so the blob itself was not hashed. */
  readonly depth: 'content' | 'stored';
  /** Rows that prove it. */
  readonly rows: number;
  /** This run recorded that it was read back. */
  readonly recorded: boolean;
}

export interface VerifyBlobs {
  readonly destination: Repository;
  /** So many of them, by chance; null: all. */
  readonly sample: number | null;
  /** Record what was found good and nobody has read back yet. */
  readonly record: boolean;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface VerifiedBlobs {
  /** Copies there are of the rule. */
  readonly of: number;
  readonly looked: number;
  readonly recorded: number;
  /** Those of which only what lies there was compared. */
  readonly storedOnly: number;
  readonly bad: readonly BlobVerdict[];
}

const PAGE = 200;

/**
 * Reads copies where they lie and compares each with its own hash and with the rows that prove it. Fails with storage.failed where the place does
 * not answer, with db.denied where something is to be recorded and the login may not.
 */
export async function verifyBlobs(session: Session, facts: BlobFacts, options: VerifyBlobs): Promise<VerifiedBlobs> {
  const { destination, sample, record, signal } = options;
  if (record) await requireVerifier(session);
  const keyring = new Keyring(destination);
  const table = tableText(facts.rule);
  const asker = inTurns(session);
  const bad: BlobVerdict[] = [];
  let [of, looked, recorded, storedOnly] = [0, 0, 0, 0];
  for (let after = ''; ;) {
    const page = await readCopiesOf(session, { destination: destination.name, table, after, limit: PAGE, sample, open: record });
    of = page.of;
    if (page.copies.length === 0) break;
    after = page.copies.at(-1)?.sha256 ?? '';
    const referrers = await readReferrers(
      session,
      facts,
      facts.target,
      page.copies.map(({ sha256 }) => sha256),
    );
    const verdicts = await mapAtOnce(page.copies, async (copy): Promise<BlobVerdict> => {
      signal.throwIfAborted();
      const look = await readBack(copy, { destination, keyring, onBytes: options.onBytes, signal });
      const rows = referrers.filter(({ sha256, bytes }) => sha256 === copy.sha256 && bytes === copy.bytes).length;
      const depth = look.state === 'whole' ? look.depth : 'content';
      const problem = look.state === 'whole' ? null : look.state === 'missing' ? 'is not there' : `is damaged: ${look.problem}`;
      const good = problem === null && depth === 'content' && record && copy.problem !== null;
      if (good) await recordVerified(asker, copy, copy);
      return { copy, problem, depth, rows, recorded: good };
    });
    looked += verdicts.length;
    recorded += verdicts.filter((one) => one.recorded).length;
    storedOnly += verdicts.filter((one) => one.depth === 'stored').length;
    bad.push(...verdicts.filter(({ problem, rows }) => problem !== null || rows === 0));
    if (sample !== null) break;
  }
  return { of, looked, recorded, storedOnly, bad };
}

async function requireVerifier(session: Session): Promise<void> {
  const missing = await missingRights(session, ['verify_blob']);
  if (missing.length === 0) return;
  fail('db.denied', `${session.user} may not record that copies were read back`, {
    hint: `Name it under immutability.archive_verifiers in dbctl.yaml, then dbctl immutability install.`,
  });
}
