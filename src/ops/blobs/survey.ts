import type { Session } from '../../db/session.ts';
import type { Backlog } from '../retention/backlog.ts';
import { readIndexUse, type IndexUse } from '../retention/index-use.ts';
import type { Unfit } from '../retention/inspect.ts';
import { tableText } from '../retention/settings.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { alarmOf, arrange, keptBlobs, rowOf, type Alarm } from './batch.ts';
import { readBegunRemovals } from './events.ts';
import { HotTrouble, identityOf, missingText, requireApart, stateOf, type HotPlace } from './hot.ts';
import { inspectBlobRule, type BlobFacts } from './inspect.ts';
import { readBlobBacklog, readDue, readReferrers, type Cursor, type ProofRow } from './rows.ts';
import type { BlobRule } from '../retention/settings.ts';
import type { BlobPlaces } from './run.ts';

/** What a run would find. */
export interface BlobSurvey {
  readonly facts: BlobFacts;
  readonly backlog: Backlog;
  /** By which batches find their rows. */
  readonly index: IndexUse;
  /** The column with the hash begins an index: every blob that goes is looked up by it. */
  readonly hashIndexed: boolean;
  /** Rows whose blob was looked for, the oldest first. */
  readonly looked: number;
  /** Blobs among them that young or held rows refer to as well. */
  readonly kept: number;
  /** Among them: of each kind how many. */
  readonly counts: Readonly<Record<'outside' | 'missing' | 'unreadable', number>>;
  /** The first of them. */
  readonly shown: readonly Alarm[];
}

/** A plan asks a place about each blob: so many take a moment, a million take an hour. */
const LOOKED_AT = 1000;
const SHOWN = 50;
const PAGE = 500;

/** Looks whether the blobs of rows that are old enough are where their rows say; of all of them with `all`, else of the oldest thousand. Reads no blob.
 * Fails with config.invalid where the places overlap. */
export async function surveyBlobs(
  session: Session,
  rule: BlobRule,
  { hot, destination, destinationAddress }: BlobPlaces,
  all: boolean,
): Promise<BlobSurvey | Unfit> {
  if (destinationAddress !== null) await requireApart(hot, { name: destination.name, address: destinationAddress });
  const facts = await inspectBlobRule(session, rule, 'move');
  if ('problem' in facts) return facts;
  const backlog = await readBlobBacklog(session, facts, all);
  const index = await readIndexUse(session, facts.target, [facts.cutOff, rule.batch]);
  const [hash] = await session.rows<{ indexed: boolean }>(HASH_INDEXED, [facts.table.oid, rule.columns.sha256]);
  const alarms: Alarm[] = [];
  let [looked, kept] = [0, 0];
  for (let after: Cursor | null = null; ;) {
    const { rows, end } = await readDue(session, facts, PAGE, after);
    if (end === null) break;
    after = end;
    const page = await lookAt(session, facts, rows, hot);
    alarms.push(...page.alarms);
    looked += rows.length;
    kept += page.kept;
    if (!all && looked >= LOOKED_AT) break;
  }
  const count = (kind: Alarm['kind']) => alarms.filter((one) => one.kind === kind).length;
  const counts = { outside: count('outside'), missing: count('missing'), unreadable: count('unreadable') };
  const indexes = { index, hashIndexed: hash?.indexed === true };
  return { facts, backlog, ...indexes, looked, kept, counts, shown: alarms.slice(0, SHOWN) };
}

const HASH_INDEXED = /* sql */ `
select exists (
  select from pg_catalog.pg_index x
  join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[0]
  where x.indrelid = $1::pg_catalog.int8::pg_catalog.oid and a.attname = $2 and x.indisvalid and x.indpred is null) as indexed`;

async function lookAt(
  session: Session,
  facts: BlobFacts,
  rows: readonly ProofRow[],
  hot: readonly HotPlace[],
): Promise<{ readonly alarms: readonly Alarm[]; readonly kept: number }> {
  const { contents, alarms } = arrange(rows, hot);
  const hashes = contents.map(({ proof }) => proof.sha256);
  const begun = await readBegunRemovals(session, tableText(facts.rule), hashes);
  const keptIds = keptBlobs(await readReferrers(session, facts, facts.target, hashes), hot);
  const sources = contents.flatMap((content) => content.sources);
  const seen = await mapAtOnce(sources, async (source): Promise<Alarm | null> => {
    const row = rowOf({ sources: [source] });
    try {
      if ((await stateOf(source.blob)) !== null || begun.has(`${row.location}\n${row.sha256}`)) return null;
      return alarmOf(row, 'missing', missingText(source.blob));
    } catch (thrown) {
      if (thrown instanceof HotTrouble) return alarmOf(row, 'unreadable', thrown.message);
      throw thrown;
    }
  });
  const kept = sources.filter(({ blob }) => keptIds.has(identityOf(blob))).length;
  return { alarms: [...alarms, ...seen.flatMap((one) => one ?? [])], kept };
}
