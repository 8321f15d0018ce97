import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Command, Context } from './context.ts';
import * as devUp from './dev-up.ts';
import * as immutabilityTest from './immutability-test.ts';
import * as ledgerCheckpoint from './ledger-checkpoint.ts';
import * as ledgerKey from './ledger-key.ts';
import * as ledgerVerify from './ledger-verify.ts';
import * as migrateStatus from './migrate-status.ts';
import * as migrateUp from './migrate-up.ts';
import * as seed from './seed.ts';
import * as verify from './verify.ts';

export const spec: CommandSpec = {
  name: 'demo',
  summary: 'show the whole product on an embedded PostgreSQL',
  description:
    'Starts the development server of this project (of the reference project, where this folder has none), creates its database, ' +
    'applies the migrations, loads the demo rows, and verifies all of it. The server keeps running: look around, then `dbctl dev down`.',
  effect: 'changes',
  examples: [['dbctl demo', 'from nothing to a verified database']],
};

interface Act {
  readonly command: Command;
  readonly options: ParsedOptions;
  readonly shows: string;
  /** The act is done when there is an answer, even if it is no: the pinned release has known holes, and hiding them would be a poor demo. */
  readonly anyAnswer?: true;
  /** Where the first way is refused: the second, for a demo that is run on what an earlier one left. */
  readonly otherwise?: ParsedOptions | 'done already';
}

/** What the demo does, in this order; it grows with every capability. */
const ACTS: readonly Act[] = [
  { command: devUp, options: {}, shows: 'a real PostgreSQL at the pin runs in the background' },
  { command: migrateUp, options: {}, shows: 'every migration and its history row in one transaction' },
  { command: migrateUp, options: {}, shows: 'a second run finds nothing to do' },
  { command: seed, options: { name: 'demo' }, shows: 'rows to look at' },
  { command: migrateStatus, options: {}, shows: 'folder and database agree' },
  {
    command: immutabilityTest,
    options: {},
    shows: 'append-only tables refuse every path, for every role',
  },
  {
    command: ledgerKey,
    options: { file: '.dbctl/ledger.key' },
    shows: 'a key to sign checkpoints with',
    otherwise: 'done already',
  },
  {
    command: ledgerCheckpoint,
    options: {},
    shows: 'rows sealed, signed, published outside the database',
    otherwise: { newEpoch: true, reason: 'the development database was made anew' },
  },
  { command: ledgerVerify, options: { full: true }, shows: 'every sealed row hashed again' },
  {
    command: verify,
    options: {},
    shows: 'release, settings, log, logins, extensions, time, locale and guards looked at, and what is wrong said',
    anyAnswer: true,
  },
];

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const project = await context.projectOrReference();
  const items: Item[] = [];
  for (const act of ACTS) {
    const done = await perform(act, project);
    items.push({ ...done, id: String(items.length + 1) });
    if (done.status === 'fail') break;
  }
  const ok = items.length === ACTS.length && items.every(({ status }) => status === 'pass');
  return {
    ok,
    items,
    summary: { acts: ACTS.length, done: items.filter(({ status }) => status === 'pass').length },
    view: {
      columns: [
        { field: 'id', title: '' },
        { field: 'object', title: 'command' },
        { field: 'message', title: 'what it shows' },
        { field: 'result', title: 'result' },
        { field: 'durationMs', title: 'ms', align: 'right' },
      ],
      notes: ok ? NEXT : ['The demo stopped. The last line says where; run that command by itself to see more.'],
    },
  };
}

async function perform({ command, options, shows, anyAnswer, otherwise }: Act, context: Context): Promise<Item> {
  const started = context.clock().getTime();
  const name = options['name'];
  const object = `dbctl ${command.spec.name}${typeof name === 'string' ? ` ${name}` : ''}`;
  const ended = (ok: boolean, result: string, fix: string | null): Item =>
    item({
      id: '',
      object,
      status: ok ? 'pass' : 'fail',
      severity: ok ? 'info' : 'high',
      message: shows,
      fix,
      result,
      durationMs: context.clock().getTime() - started,
    });
  try {
    const answer = await command.run(options, context);
    const done = answer.ok || anyAnswer === true;
    return ended(
      done,
      RESULTS[command.spec.name]?.((name) => JSON.stringify(answer.summary[name] ?? '').replaceAll('"', '')) ?? 'done',
      done ? null : `Run ${object} to see why.`,
    );
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.code === 'interrupted') throw thrown;
    if (thrown.code === 'refused' && otherwise === 'done already') return ended(true, otherwise, null);
    if (thrown.code === 'refused' && typeof otherwise === 'object') {
      return perform({ command, options: otherwise, shows, ...(anyAnswer && { anyAnswer }) }, context);
    }
    return ended(false, thrown.message, thrown.hint ?? null);
  }
}

/** What came of each act, in a few words. */
const RESULTS: Readonly<Record<string, (told: (name: string) => string) => string>> = {
  'dev up': (told) => `${told('version')} on port ${told('port')}`,
  'migrate up': (told) => (told('applied') === '0' ? 'nothing to do' : `${told('applied')} applied`),
  'migrate status': (told) => `${told('applied')} applied, ${told('pending')} pending`,
  'immutability test': (told) => `${told('refused')} attempts refused, ${told('open')} got through`,
  'ledger checkpoint': (told) => (told('kind') === 'made' ? `${told('rows')} rows sealed` : 'nothing new to seal'),
  'ledger verify': (told) => `${told('rows')} rows as sealed`,
  verify: (told) => `${told('pass')} pass, ${told('fail')} fail, ${told('unknown')} unknown`,
};

const NEXT = [
  'Look around:',
  '  psql "$(dbctl dev url)"              the database itself',
  '  dbctl verify --env dev               what fails, why it matters, and how to mend it',
  '  dbctl dev reset --seed               back to a fresh database, from a template',
  '  dbctl dev down                       stop the server',
];
