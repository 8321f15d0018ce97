import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { BlobVerdict, VerifiedBlobs } from '../ops/blobs/verify.ts';
import { tableText, type BlobRule } from '../ops/retention/settings.ts';
import { blobRulesOf, openBlobPlaces } from './blob-context.ts';
import { sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { ensureRecords, RETENTION_SESSION } from './retention-context.ts';

export interface BlobVerifyWish {
  readonly rules: readonly string[] | undefined;
  readonly sample: number | undefined;
  readonly record: boolean;
  readonly identity: string | undefined;
}

/** A single blob may be of gigabytes, and the session waits for it. */
const READING = { ...RETENTION_SESSION, statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 } as const;

/** What waits, and was not looked at: a rehearsal. */
interface WaitingBlobs {
  readonly copies: number;
  readonly bytes: number;
}

/** `retention verify --blobs`: copies of blobs are read where they lie and compared with the rows that prove them. */
export async function verifyBlobRules(wish: BlobVerifyWish, context: Context): Promise<Answer> {
  const rules = await blobRulesOf(context, wish.rules);
  const writes = wish.record && !context.globals.dryRun;
  return context.withDatabase({ access: writes ? 'write' : 'read', ...READING }, async (session) => {
    if (writes) await ensureRecords(session, context).catch(notMine);
    const items: Item[] = [];
    let bytes = 0;
    let looked = 0;
    let recorded = 0;
    for (const rule of rules) {
      const one = await verifyRule(session, rule, wish, context, (more) => (bytes += more));
      items.push(...itemsOf(rule, one));
      if (typeof one === 'string' || 'copies' in one) continue;
      looked += one.looked;
      recorded += one.recorded;
    }
    const bad = items.filter(({ status }) => status === 'fail').length;
    return {
      ok: bad === 0,
      items,
      summary: { rules: rules.length, blobs: looked, bad, recorded, bytes },
      target: context.target(session),
      view: {
        columns: [
          { field: 'id', title: 'rule' },
          { field: 'blob', title: 'blob' },
          { field: 'status', title: '' },
          { field: 'message', title: '' },
        ],
        notes: [`${looked} copies, ${sizeText(bytes)} read.`],
      },
    };
  });
}

/** Who may only verify may bring no schema to another version; what is missing is said where it is needed. */
function notMine(thrown: unknown): void {
  if (!(thrown instanceof DbctlError && thrown.code === 'db.denied')) throw thrown;
}

async function verifyRule(
  session: Session,
  rule: BlobRule,
  { sample, record, identity }: BlobVerifyWish,
  context: Context,
  onMore: (bytes: number) => void,
): Promise<VerifiedBlobs | WaitingBlobs | string> {
  const [{ inspectBlobRule }, { verifyBlobs }, { countOpenCopies }] = await Promise.all([
    import('../ops/blobs/inspect.ts'),
    import('../ops/blobs/verify.ts'),
    import('../ops/blobs/events.ts'),
  ]);
  const { destination } = await openBlobPlaces(rule, context, identity);
  const facts = await inspectBlobRule(session, rule, 'look');
  if ('problem' in facts) return facts.problem;
  if (record && context.globals.dryRun) return countOpenCopies(session, destination.name, tableText(rule));
  const step = context.progress.step(`read blobs of ${rule.name}`, undefined, 'bytes');
  const onBytes = (more: number) => {
    onMore(more);
    step.tick(more);
  };
  try {
    const done = await verifyBlobs(session, facts, {
      destination,
      sample: sample ?? null,
      record,
      onBytes,
      signal: context.signal,
    });
    step.done();
    return done;
  } catch (thrown) {
    step.failed();
    throw thrown;
  }
}

function itemsOf(rule: BlobRule, one: VerifiedBlobs | WaitingBlobs | string): Item[] {
  const object = tableText(rule);
  if (typeof one === 'string') return [item({ id: rule.name, object, status: 'fail', severity: 'high', message: one })];
  if ('copies' in one) {
    const message = `${one.copies} ${one.copies === 1 ? 'copy' : 'copies'} of blobs would be read back, ${sizeText(one.bytes)}`;
    return [item({ id: rule.name, object, message, blobs: one.copies, recorded: 0 })];
  }
  const { of, looked, recorded, storedOnly, bad } = one;
  const whole = `${looked} of ${of} copies are what was proved${recorded === 0 ? '' : `; ${recorded} recorded as read back`}`;
  const rest = bad.length === 0 ? whole : `${bad.length} of ${looked} copies that were read, of ${of}, are not what was proved`;
  const facts = { id: rule.name, object, blobs: looked, of, recorded, storedOnly };
  const summary =
    bad.length > 0
      ? item({ ...facts, status: 'fail', severity: 'critical', message: rest })
      : storedOnly === 0
        ? item({ ...facts, message: whole })
        : item({
            ...facts,
            status: 'unknown',
            severity: 'medium',
            message: `${storedOnly} copies are what was written; no identity opens them here, so the blobs were not hashed`,
            fix: '--identity FILE',
          });
  return [summary, ...bad.map((verdict) => badItem(rule, verdict))];
}

function badItem(rule: BlobRule, { copy, problem, rows }: BlobVerdict): Item {
  const fix =
    problem === null
      ? 'find out why no row proves it any more'
      : 'bring the file from another copy of the destination; its name is its SHA-256, so that any copy can be compared';
  return item({
    id: rule.name,
    object: copy.uri,
    status: 'fail',
    severity: problem === null ? 'medium' : 'critical',
    message: problem ?? 'no row has its hash and size any more',
    fix,
    sha256: copy.sha256,
    bytes: copy.bytes,
    rows,
    blob: copy.sha256.slice(0, 12),
  });
}
