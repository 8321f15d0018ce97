import { ident } from '../../db/ident.ts';
import type { RecognisedVendor } from './vendor.ts';

/** One line of `--! needs:`: what a check must be able to see before its silence means anything. */
export type Need =
  /** Select on a catalog, view or table, schema-qualified. */
  | { readonly kind: 'select'; readonly name: string }
  /** Execute on a function, schema-qualified, with its argument types. */
  | { readonly kind: 'execute'; readonly name: string }
  /** The rights of a role, inherited. */
  | { readonly kind: 'member'; readonly name: string }
  /** A row of pg_settings: 23 of 403 are hidden from plain roles (measured on 18.2), and hidden is not off. */
  | { readonly kind: 'setting'; readonly name: string }
  /** A setting as the server has it: an override for the role or the database hides the server's value from the session. */
  | { readonly kind: 'unoverridden'; readonly name: string }
  /** The server's major is in dbctl's own table of releases and vulnerabilities. */
  | { readonly kind: 'advisories' }
  /** One of them is enough; the first is what is asked for where none is there. */
  | { readonly kind: 'either'; readonly of: readonly [SingleNeed, ...SingleNeed[]] };

export type SingleNeed = Exclude<Need, { kind: 'either' }>;

const NAME = '[a-z_][a-z0-9_]*';
const GRAMMAR: readonly (readonly [RegExp, (match: RegExpExecArray) => SingleNeed])[] = [
  [new RegExp(`^select (${NAME}\\.${NAME})$`), (match) => ({ kind: 'select', name: match[1] ?? '' })],
  [new RegExp(`^execute (${NAME}\\.${NAME}\\([a-z0-9_, \\[\\]]*\\))$`), (match) => ({ kind: 'execute', name: match[1] ?? '' })],
  [new RegExp(`^member (${NAME})$`), (match) => ({ kind: 'member', name: match[1] ?? '' })],
  [/^setting ([A-Za-z_][\w.]*)$/, (match) => ({ kind: 'setting', name: match[1] ?? '' })],
  [/^unoverridden ([A-Za-z_][\w.]*)$/, (match) => ({ kind: 'unoverridden', name: match[1] ?? '' })],
  [/^advisories$/, () => ({ kind: 'advisories' })],
];

export const NEED_FORMS =
  'select schema.relation, execute schema.function(types), member role, setting name, unoverridden name or advisories; "or" between them where one is enough';

/** Reads one need; null when it is none of the forms. */
export function parseNeed(text: string): Need | null {
  const read = text.split(/\s+or\s+/).map(parseSingle);
  const [first, ...others] = read.filter((need) => need !== null);
  if (first === undefined || others.length + 1 < read.length) return null;
  return others.length === 0 ? first : { kind: 'either', of: [first, ...others] };
}

function parseSingle(text: string): SingleNeed | null {
  for (const [pattern, make] of GRAMMAR) {
    const match = pattern.exec(text);
    if (match !== null) return make(match);
  }
  return null;
}

/** The need as its check file writes it. */
export function needText(need: Need): string {
  if (need.kind === 'either') return need.of.map(needText).join(' or ');
  return need.kind === 'advisories' ? 'advisories' : `${need.kind} ${need.name}`;
}

/** Settings are rows of this view, so a need for one is a need for the view. */
export const SETTINGS_VIEW: SingleNeed = { kind: 'select', name: 'pg_catalog.pg_settings' };

/** Every need by itself. */
export function singleNeeds(need: Need): readonly SingleNeed[] {
  return need.kind === 'either' ? need.of : [need];
}

/** What the session's role may see, as one look at the server found it. */
export interface Sight {
  readonly role: string;
  /** Needs of kind select, execute and member that are met, as their text. */
  readonly granted: ReadonlySet<string>;
  /** The settings asked for, by lower-case name: where the session's value comes from (pg_settings.source). */
  readonly settings: ReadonlyMap<string, string>;
  /** True when the role may see every setting: a missing one does not exist. */
  readonly seesAllSettings: boolean;
  readonly coversMajor: boolean;
  readonly vendor: RecognisedVendor;
}

/** Why a check cannot look, and the statement or act that would let it. */
export interface Blindness {
  readonly reason: string;
  readonly fix: string;
}

/** Where values the server itself was given come from; all other sources are overrides (manual, pg_settings.source). */
const SERVER_SOURCES = new Set(['default', 'environment variable', 'configuration file', 'command line', 'override']);

/** What stands between the role and a need; null when nothing does. */
export function blindness(need: Need, sight: Sight): Blindness | null {
  switch (need.kind) {
    case 'either': {
      const all = need.of.map((one) => blindness(one, sight));
      return all.includes(null) ? null : (all[0] ?? null);
    }
    case 'select':
      return granted(need, sight, `select on ${need.name}`, `on ${need.name}`);
    case 'execute':
      return granted(need, sight, `execute on function ${need.name}`, `on function ${need.name}`);
    case 'member':
      return granted(need, sight, need.name, '');
    case 'setting':
      return blindness(SETTINGS_VIEW, sight) ?? hiddenSetting(need.name, sight);
    case 'unoverridden':
      return blindness(SETTINGS_VIEW, sight) ?? hiddenSetting(need.name, sight) ?? overridden(need.name, sight);
    case 'advisories':
      return sight.coversMajor
        ? null
        : { reason: 'dbctl has no advisory data for this major version', fix: 'update dbctl: npm install dbctl@latest' };
  }
}

/** Reading them is a right no role should be given for a check. */
const HOLDS_SECRETS: ReadonlySet<string> = new Set(['pg_catalog.pg_authid', 'pg_catalog.pg_shadow']);

function granted(need: Need, sight: Sight, right: string, grantee: string): Blindness | null {
  if (sight.granted.has(needText(need))) return null;
  const role = ident(sight.role);
  const secret = need.kind === 'select' && HOLDS_SECRETS.has(need.name);
  return {
    reason:
      need.kind === 'member'
        ? `role ${role} is not a member of ${right}`
        : `role ${role} has no ${right.split(' ')[0] ?? ''} right ${grantee}`,
    fix: secret
      ? `run dbctl verify as a superuser: who may read ${right.split(' ').at(-1)} can carry away every password's verifier`
      : `grant ${right} to ${role};`,
  };
}

function hiddenSetting(name: string, sight: Sight): Blindness | null {
  if (sight.settings.has(name.toLowerCase())) return null;
  const role = ident(sight.role);
  if (sight.seesAllSettings) return { reason: `the server has no setting ${name}`, fix: `show ${name};` };
  return {
    reason: `role ${role} may not see the setting ${name}, and hidden is not off`,
    fix: `grant pg_read_all_settings to ${role};`,
  };
}

function overridden(name: string, sight: Sight): Blindness | null {
  const source = sight.settings.get(name.toLowerCase()) ?? '';
  if (SERVER_SOURCES.has(source)) return null;
  return {
    reason: `the server's own ${name} is hidden from this session by an override (source: ${source})`,
    fix: OVERRIDE_FIX[source] ?? `run dbctl verify in a session that does not set ${name}`,
  };
}

/** By pg_settings.source. */
const OVERRIDE_FIX: Readonly<Record<string, string>> = {
  client: 'run dbctl verify without PGTZ, PGOPTIONS and options= in the URL',
  user: 'run dbctl verify as a role without `alter role … set` for it',
  database: 'run dbctl verify in a database without `alter database … set` for it',
  'database user': 'run dbctl verify as a role without `alter role … in database … set` for it',
  global: 'remove `alter role all set` for it, and put the value into postgresql.conf',
};
