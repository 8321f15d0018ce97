import { FAMILY, GRANTS, OWNER } from './schema.ts';

/**
 * Layers of protection one by one, with guards written here and not by dbctl, so that every attack is its own negative control: at
 * `none` it has to succeed, or it tests nothing. `e` is all that dbctl installs but the privileges; `full` is what dbctl installs.
 */
export type Level = 'none' | 'a' | 'b' | 'c' | 'd' | 'e' | 'full';

interface Layers {
  readonly layers: string;
  readonly guards: string;
  /** By `dbctl immutability install`. */
  readonly installed: boolean;
}

const FUNCTIONS = `
create function public.guard() returns trigger language plpgsql as $$begin raise 'no' using errcode = 'IM001'; end$$;
create function public.guard_truncate() returns trigger language plpgsql as $$begin raise 'no' using errcode = 'IM002'; end$$;`;

/** The usual guard; a partition below gets a clone of its parent's. */
const ROW_GUARDS = FAMILY.filter((table) => !/log_/.test(table) || table === 'public.open_log')
  .map((table) => `create trigger guard before update or delete on ${table} for each row execute function public.guard();`)
  .join('\n');
const TRUNCATE_GUARDS = FAMILY.map(
  (table) => `create trigger guard_truncate before truncate on ${table} for each statement execute function public.guard_truncate();`,
).join('\n');
const ALWAYS = FAMILY.map(
  (table) => `alter table ${table} enable always trigger guard; alter table ${table} enable always trigger guard_truncate;`,
).join('\n');
const FEW_PRIVILEGES = `revoke update, delete, truncate, references, trigger, maintain on ${FAMILY.join(', ')} from lab_all, lab_par, lab_trig;
revoke update, delete, truncate on ${FAMILY.join(', ')} from ${OWNER};
revoke insert on ${FAMILY.join(', ')} from lab_all, lab_par, lab_ins;
grant insert (parent_id, note, label, amount) on vault.plain to lab_ins, lab_all, lab_par;`;

export const LEVELS: Readonly<Record<Level, Layers>> = {
  none: { layers: 'nothing', guards: '', installed: false },
  a: { layers: 'row guard', guards: FUNCTIONS + ROW_GUARDS, installed: false },
  b: { layers: 'row guard, truncate guard', guards: FUNCTIONS + ROW_GUARDS + TRUNCATE_GUARDS, installed: false },
  c: { layers: 'row and truncate guard, enabled always', guards: FUNCTIONS + ROW_GUARDS + TRUNCATE_GUARDS + ALWAYS, installed: false },
  d: { layers: 'privileges alone', guards: FEW_PRIVILEGES, installed: false },
  e: { layers: 'all but the privileges', guards: '', installed: true },
  full: { layers: 'all', guards: '', installed: true },
};

/** Gives back, behind the event triggers' back, every grant the tables had. */
export const ALL_BUT_PRIVILEGES: readonly string[] = [
  'set event_triggers = off',
  ...GRANTS.filter((statement) => statement.startsWith('grant')),
  `grant all on ${FAMILY.join(', ')} to ${OWNER}`,
];
