import { DbctlError, fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { WaitingSegment } from '../ops/retention/archiving/verify.ts';
import { ARCHIVE_SESSION, openArchives, type Archives } from './archive-context.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

/**
 * `retention verify --record`: reads back the copies that wait, with a login of its own, and records it. Who exported a copy is refused before any
 * work. Fails with refused, db.denied, usage; a copy that is not what it was is an item.
 */
export async function recordVerifications(
  wanted: string | undefined,
  identity: string | undefined,
  context: Context,
): Promise<Answer> {
  const { loginOf, readWaiting } = await import('../ops/retention/archiving/verify.ts');
  return context.withDatabase({ ...ARCHIVE_SESSION, access: 'read' }, async (session) => {
    const login = await loginOf(session);
    const waiting = await readWaiting(session, wanted, login);
    const items: Item[] = [];
    for (const one of waiting)
      items.push(
        one.exportedBy === login
          ? ownItem(one, login)
          : context.globals.dryRun
            ? waitingItem(one)
            : await verified(one, identity, context),
      );
    return { ...answer(items, login, context.globals.dryRun), target: context.target(session) };
  });
}

const factsOf = ({ segment, partition, rows, coldBytes, exportedBy, uri }: WaitingSegment) => ({
  id: segment,
  object: partition,
  rows,
  coldBytes,
  exportedBy,
  uri,
});

const ownItem = (one: WaitingSegment, login: string): Item =>
  item({
    ...factsOf(one),
    status: 'skipped',
    message: `${login} exported it: somebody else has to read it back`,
    recorded: false,
  });

const waitingItem = (one: WaitingSegment): Item =>
  item({ ...factsOf(one), message: `would be read back from ${one.uri} and compared`, recorded: false });

async function verified(one: WaitingSegment, identity: string | undefined, context: Context): Promise<Item> {
  const { recordVerification } = await import('../ops/retention/archiving/verify.ts');
  const step = context.progress.step(`read back ${one.partition}`, one.coldBytes, 'bytes');
  try {
    const archives = await destinationOf(one, identity, context);
    const { operator } = await migrateSettings(context);
    const options = { onBytes: (bytes: number) => step.tick(bytes), signal: context.signal };
    await context.withDatabase(ARCHIVE_SESSION, (session: Session) =>
      recordVerification(session, one, { ...archives, dbctl: operator.toolVersion }, options),
    );
  } catch (thrown) {
    step.failed();
    if (!(thrown instanceof DbctlError) || !['archive.failed', 'backup.failed', 'refused'].includes(thrown.code)) throw thrown;
    return item({
      ...factsOf(one),
      status: 'fail',
      severity: 'high',
      message: thrown.message,
      fix: thrown.code === 'refused' ? (thrown.hint ?? null) : DAMAGED,
      recorded: false,
    });
  }
  step.done();
  return item({ ...factsOf(one), message: 'every row as in the database: recorded', recorded: true });
}

/** What was refused was not looked at, and may be whole. */
const DAMAGED =
  'the rows stay in the database; find out what happened to the copy, take it out of the destination, and run dbctl retention run';

/** Of a copy whose destination dbctl.yaml does not name any more nobody can say where it is. */
async function destinationOf(one: WaitingSegment, identity: string | undefined, context: Context): Promise<Archives> {
  const { config } = await context.config();
  const name = one.detail.destination;
  if (config.archive.destinations.some((known) => known.name === name)) return openArchives(context, name, identity);
  return fail('refused', `it is in destination ${name ?? 'unknown'}, which dbctl.yaml does not name: ${one.uri}`, {
    hint: 'Add it to archive.destinations again.',
  });
}

function answer(items: readonly Item[], login: string, isRehearsal: boolean): Answer {
  const [bad, recorded] = [
    items.filter(({ status }) => status === 'fail').length,
    items.filter((one) => one['recorded'] === true).length,
  ];
  const rest = recorded === 0 ? '' : ' The next dbctl retention run of the archiver removes their partitions.';
  return {
    ok: bad === 0,
    items,
    summary: { waiting: items.length, recorded, bad, login },
    view: {
      columns: [
        { field: 'object', title: 'partition' },
        { field: 'rows', title: 'rows', align: 'right' },
        { field: 'exportedBy', title: 'exported by' },
        { field: 'message', title: '' },
      ],
      notes: [
        items.length === 0
          ? 'No copy waits to be read back.'
          : isRehearsal
            ? 'Nothing was read, and nothing recorded.'
            : `${recorded} of ${items.length} recorded, as ${login}.${rest}`,
      ],
    },
  };
}
