import { step, type Step } from '../../core/step.ts';
import { ident, literal } from '../../db/ident.ts';
import { createDatabase } from '../restore/preflight.ts';
import type { FoundDatabase, FoundInside } from './inspect.ts';
import type { WantedDatabase } from './wanted.ts';

/** Something that no statement puts right, in words. */
export interface Unlike {
  readonly what: string;
  readonly message: string;
  readonly fix: string;
}

/** The database itself; it runs outside of transactions. Pure. */
export function createStep(wanted: WantedDatabase): Step {
  const { name, owner, encoding, provider, locale } = wanted;
  const made = createDatabase(name, { encoding, localeProvider: provider, locale: ownLocale(wanted), ...libcLocale(wanted) });
  const owned = owner === null ? '' : ` owner ${ident(owner)}`;
  const of = owner === null ? '' : `, owned by ${owner}`;
  const summary = `create the database ${name}: ${encoding}, ${provider} ${locale}${of}`;
  return { id: 'create-database', object: name, summary, sql: `${made}${owned}`, transactional: false };
}

/** What stands in datlocale: libc has none. */
const ownLocale = ({ provider, locale }: WantedDatabase): string | null => (provider === 'libc' ? null : locale);

/** lc_collate and lc_ctype: what the server's own code still asks the system for. Only C and C.UTF-8 are on every machine. */
function libcLocale({ provider, locale }: WantedDatabase): { collate: string; ctype: string } {
  const name = provider === 'libc' ? locale : provider === 'builtin' && locale === 'C' ? 'C' : 'C.UTF-8';
  return { collate: name, ctype: name };
}

/** What is set on the database from outside. Pure. */
export function settingSteps({ name, timezone, logins, owner, otherOwners }: WantedDatabase, found: FoundDatabase): Step[] {
  const steps: Step[] = [];
  const database = `database ${ident(name)}`;
  if (found.timezone !== timezone)
    steps.push(
      step(
        'timezone',
        name,
        `its sessions have the time zone ${timezone}`,
        `alter ${database} set timezone to ${literal(timezone)}`,
      ),
    );
  if (owner !== null && found.owner !== owner && !otherOwners.includes(found.owner))
    steps.push(
      step('owner', name, `${owner} owns it, and no longer ${found.owner}`, `alter ${database} owner to ${ident(owner)}`),
    );
  // Without roles.yaml nobody says who else would connect.
  if (owner !== null && found.everybody.length > 0)
    steps.push(
      step('public', name, `not everybody may connect to it and make temporary tables`, `revoke all on ${database} from public`),
    );
  const missing = logins.filter((login) => !found.connect.includes(login));
  if (missing.length > 0)
    steps.push(
      step(
        'connect',
        name,
        `${missing.join(', ')} may connect to it`,
        `grant connect on ${database} to ${missing.map(ident).join(', ')}`,
      ),
    );
  return steps;
}

/** The schema of extensions, and those that are required. Pure. */
export function extensionSteps({ extensions, owner }: WantedDatabase, found: FoundInside): Step[] {
  const { schema, required } = extensions;
  const steps: Step[] = [];
  if (!found.schemas.includes(schema)) {
    const owned = owner === null ? '' : ` authorization ${ident(owner)}`;
    steps.push(step('schema', schema, `create the schema ${schema} for extensions`, `create schema ${ident(schema)}${owned}`));
  }
  for (const name of required) {
    if (found.extensions.some((one) => one.name === name) || !found.available.includes(name)) continue;
    const sql = `create extension ${ident(name)} with schema ${ident(schema)}`;
    steps.push(step('extension', name, `create the extension ${name} in ${schema}`, sql));
  }
  return steps;
}

const NEW_ONE =
  'It was decided when the database was made. Make another one (dbctl db create with another name in the URL), and restore a dump into it.';

/** In what a database that is there is another one than it should be, and cannot be changed. Pure. */
export function unlikeDatabase(wanted: WantedDatabase, found: FoundDatabase): Unlike[] {
  const locale = found.locale ?? found.collate;
  const facts = [
    ['encoding', found.encoding, wanted.encoding],
    ['locale provider', found.provider, wanted.provider],
    ['locale', locale, wanted.locale],
  ] as const;
  return facts
    .filter(([, is, should]) => is !== should)
    .map(([what, is, should]) => ({ what, message: `its ${what} is ${is}, and dbctl.yaml says ${should}`, fix: NEW_ONE }));
}

/** Extensions that are elsewhere than they should be, or that this server does not have. Pure. */
export function unlikeInside({ extensions }: WantedDatabase, found: FoundInside): Unlike[] {
  return extensions.required.flatMap((name): Unlike[] => {
    const there = found.extensions.find((one) => one.name === name);
    if (there === undefined && !found.available.includes(name)) {
      const message = `the extension ${name} is not on this server`;
      return [{ what: name, message, fix: 'Install its package on the server, then run this again.' }];
    }
    if (there === undefined || there.schema === extensions.schema) return [];
    const fix = `alter extension ${ident(name)} set schema ${ident(extensions.schema)}; -- where it can be moved`;
    return [{ what: name, message: `the extension ${name} is in schema ${there.schema}, and not in ${extensions.schema}`, fix }];
  });
}
