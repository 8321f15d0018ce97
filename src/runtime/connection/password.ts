import { platform } from 'node:os';
import { join } from 'node:path';
import type { PasswordLookup } from './extras.ts';
import type { Settings } from './parameters.ts';
import { readPassfile } from './passfile.ts';
import type { HostAddress } from './target.ts';

export interface PasswordPlaces {
  readonly settings: Settings;
  /** DB_PASSWORD. */
  readonly override: string | undefined;
  readonly user: string;
  readonly database: string;
  readonly home: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly onWarning: (message: string) => void;
}

/**
 * Looks for the password of one host: the override, then the connection string, service or PGPASSWORD, then the password file
 * (`passfile`, PGPASSFILE, `~/.pgpass`). An empty password is none. The file is read at every call.
 */
export function passwordLookup(places: PasswordPlaces): (address: HostAddress) => Promise<PasswordLookup> {
  const { settings, override, user, database, onWarning } = places;
  const given = override === undefined || override === '' ? settings.get('password') : { value: override, from: 'DB_PASSWORD' };
  const file = passfile(places);
  return async (address) => {
    if (given !== undefined && given.value !== '') return { password: given.value, sources: [given.from] };
    const answer = await readPassfile(file, { address, database, user });
    if (answer.kind === 'found') return { password: answer.password === '' ? undefined : answer.password, sources: [file] };
    if (answer.kind === 'refused') onWarning(`password file ${file} ${answer.why}; it is ignored`);
    const elsewhere = given === undefined ? 'the connection string and PGPASSWORD have none' : `${given.from} has an empty one`;
    return { password: undefined, sources: [elsewhere, `${file} ${answer.why}`] };
  };
}

function passfile({ settings, home, variables }: PasswordPlaces): string {
  const named = settings.get('passfile')?.value ?? '';
  if (named !== '') return named;
  return platform() === 'win32' ? join(variables['APPDATA'] ?? home, 'postgresql', 'pgpass.conf') : join(home, '.pgpass');
}
