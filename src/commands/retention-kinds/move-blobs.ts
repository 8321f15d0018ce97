import { bytesText } from '../../core/bytes.ts';
import { DbctlError } from '../../core/errors.ts';
import { item, type Item } from '../../core/report.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { Alarm } from '../../ops/blobs/batch.ts';
import type { BlobOutcome } from '../../ops/blobs/run.ts';
import type { BlobSurvey } from '../../ops/blobs/survey.ts';
import type { Backlog } from '../../ops/retention/backlog.ts';
import type { RuleOutcome, RunControl } from '../../ops/retention/outcome.ts';
import type { Remark } from '../../ops/retention/plan.ts';
import type { BlobRule } from '../../ops/retention/settings.ts';
import { openBlobPlaces } from '../blob-context.ts';
import type { Context } from '../context.ts';
import type { BoundRule, PlannedRule, PlanWish } from './index.ts';
import { rowFacts, unfitRow } from './row.ts';

/** `then: move-blobs`: files and objects that rows refer to go to cold storage; the rows stay. */
export const bindMoveBlobs = (rule: BlobRule, context: Context): BoundRule => ({
  rule,
  words: `blobs of ${rule.schema}.${rule.table}, ${rule.by} older than ${rule.keep}${rule.where === null ? '' : `, ${rule.where.trim()}`}: from ${rule.from.map(({ name }) => name).join(', ')} to cold storage; the rows stay`,
  plan: (session, wish) => plan(session, rule, context, wish),
  run: (session, control) => run(session, rule, context, control),
  look: (session) => look(session, rule),
});

async function run(session: Session, rule: BlobRule, context: Context, control: RunControl): Promise<RuleOutcome> {
  const [{ runBlobRule }, { unfitOutcome }] = await Promise.all([
    import('../../ops/blobs/run.ts'),
    import('../../ops/retention/outcome.ts'),
  ]);
  try {
    return outcomeOf(await runBlobRule(session, rule, await openBlobPlaces(rule, context), control));
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'config.invalid') return unfitOutcome(rule, thrown.message, []);
    throw thrown;
  }
}

function outcomeOf(one: BlobOutcome): RuleOutcome {
  const { rule, cutOff, moved, movedBytes, copied, kept, waiting, alarms, shown, left, holds, grants, notes } = one;
  const state = one.state === 'done' && alarms > 0 ? 'failed' : one.state;
  return {
    rule,
    state,
    cutOff,
    deleted: 0,
    batches: 0,
    left,
    holds,
    problem: one.problem ?? (alarms === 0 ? null : alarmText(alarms)),
    grants,
    notes: [
      ...(waiting === 0
        ? []
        : [
            `${rule.name}: ${count(waiting)} copied; another login has to read the ${waiting === 1 ? 'copy' : 'copies'} back before anything is removed: dbctl retention verify --record.`,
          ]),
      ...(kept === 0
        ? []
        : [`${rule.name}: ${count(kept)} stay, since a row that is young, held or not of the rule refers to them as well.`]),
      ...notes,
      ...shown.map(alarmLine),
      ...(alarms > shown.length ? [`${alarms - shown.length} more are not shown.`] : []),
    ],
    words: state === 'unfit' ? null : `${count(moved)} moved (${bytesText(movedBytes)})`,
    blobs: { moved, movedBytes, waiting, alarms },
    more: { moved, movedBytes, copied, kept, waiting, alarms, shown: shown.map((alarm) => ({ ...alarm })) },
  };
}

const count = (blobs: number): string => `${blobs} ${blobs === 1 ? 'blob' : 'blobs'}`;
const alarmText = (alarms: number): string =>
  `${count(alarms)} ${alarms === 1 ? 'is' : 'are'} not what the rows say, and ${alarms === 1 ? 'was' : 'were'} left alone`;

const alarmLine = ({ kind, rowKey, location, message }: Alarm): string =>
  `${kind}: ${message}${location === null || message.includes(location.replace(/^file:\/\//, '')) ? '' : ` (${location})`}, row ${rowKey}.`;

async function plan(session: Session, rule: BlobRule, context: Context, { exact }: PlanWish): Promise<PlannedRule> {
  const unfit = (problem: string, grants: readonly string[]): PlannedRule => ({
    row: unfitRow(rule, rule.by, problem, grants),
    parts: [],
    remarks: [],
    going: null,
    backlog: null,
  });
  const { surveyBlobs } = await import('../../ops/blobs/survey.ts');
  try {
    const places = await openBlobPlaces(rule, context);
    const survey = await surveyBlobs(session, rule, places, exact);
    if ('problem' in survey) return unfit(survey.problem, survey.grants);
    return { row: rowOf(rule, survey), parts: [], remarks: remarksOf(rule, survey), going: null, backlog: survey.backlog };
  } catch (thrown) {
    if (thrown instanceof DbctlError && !['db.unreachable', 'interrupted'].includes(thrown.code))
      return unfit(thrown.message, []);
    throw thrown;
  }
}

function rowOf(rule: BlobRule, { facts, backlog, index, looked, kept, counts, shown }: BlobSurvey): Item {
  const { rows, bytes } = backlog;
  return item({
    ...rowFacts(rule, rule.by),
    where: rule.where,
    message: rows === 0 ? 'nothing is old enough' : `${count(rows)} ${rows === 1 ? 'is' : 'are'} old enough`,
    day: backlog.oldest?.slice(0, 10) ?? '',
    cutOff: facts.cutOff,
    rows,
    how: backlog.how,
    bytes,
    size: bytes === null ? 'not known' : bytesText(bytes),
    oldest: backlog.oldest,
    lateSeconds: Math.round(backlog.lateSeconds),
    held: backlog.held,
    holds: [...facts.holds],
    index: index.indexes.join(', ') || null,
    indexUsable: index.usable,
    looked,
    kept,
    ...counts,
    shown: shown.map((alarm) => ({ ...alarm })),
  });
}

function remarksOf(rule: BlobRule, survey: BlobSurvey): Remark[] {
  const { facts, backlog, looked, kept, counts, shown } = survey;
  const object = rule.name;
  const info = (id: string, message: string, fix: string | null = null): Remark => ({
    id,
    object,
    severity: 'info',
    message,
    fix,
  });
  const firstOf = (kind: Alarm['kind']) => shown.find((alarm) => alarm.kind === kind)?.message ?? '';
  const wrong = (['missing', 'outside', 'unreadable'] as const).flatMap((kind): Remark[] => {
    if (counts[kind] === 0) return [];
    const message = `${count(counts[kind])} ${WORDS[kind][counts[kind] === 1 ? 0 : 1]}; the first: ${firstOf(kind)}`;
    return [{ id: kind, object, severity: kind === 'outside' ? 'medium' : 'high', message, fix: FIXES[kind] }];
  });
  return [
    ...wrong,
    ...indexRemarks(rule, survey),
    ...(backlog.held === 0
      ? []
      : [info('held', `holds ${facts.holds.join(', ')} keep ${count(backlog.held)}`, 'dbctl retention holds')]),
    ...(kept === 0
      ? []
      : [info('kept', `${count(kept)} stay, since a row that is young, held or not of the rule refers to them as well`)]),
    ...(looked < backlog.rows
      ? [
          info(
            'looked',
            `whether blobs are where their rows say was looked at for the oldest ${looked} rows; --exact looks at all`,
          ),
        ]
      : []),
  ];
}

function indexRemarks({ name: object, table, columns, by }: BlobRule, { facts, index, hashIndexed }: BlobSurvey): Remark[] {
  const missing = (column: string, message: string): Remark => ({
    id: 'no-index',
    object,
    severity: 'medium',
    message,
    fix: `create index concurrently ${ident(`${table}_${column}_idx`.slice(0, 63))} on ${facts.table.sql} (${ident(column)});`,
  });
  return [
    ...(index.usable ? [] : [missing(by, 'no index finds its oldest rows: every batch reads the table and sorts')]),
    ...(hashIndexed
      ? []
      : [missing(columns.sha256, 'no index finds rows by their hash: every blob that goes reads the whole table')]),
  ];
}

/** Of one, and of several. */
const WORDS = {
  missing: ['is not where its row says', 'are not where their rows say'],
  outside: ['is in no place of the rule, and stays', 'are in no place of the rule, and stay'],
  unreadable: ['cannot be read', 'cannot be read'],
} as const;

const FIXES = {
  missing:
    'find out who took them away; a copy from a backup or a mirror can be put back in their place, the run compares it with the hash',
  outside: 'add the place to from of the rule, or leave the rows out in its where',
  unreadable: 'look at rights and links in the place',
} as const;

async function look(session: Session, rule: BlobRule): Promise<Backlog | string> {
  const [{ inspectBlobRule }, { readBlobBacklog }] = await Promise.all([
    import('../../ops/blobs/inspect.ts'),
    import('../../ops/blobs/rows.ts'),
  ]);
  try {
    const facts = await inspectBlobRule(session, rule, 'look');
    return 'problem' in facts ? facts.problem : await readBlobBacklog(session, facts, false);
  } catch (thrown) {
    if (thrown instanceof DbctlError && !['db.unreachable', 'interrupted'].includes(thrown.code)) return thrown.message;
    throw thrown;
  }
}
