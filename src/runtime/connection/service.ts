import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { fileExists } from './file-exists.ts';
import { isParameterName, type ParameterName, type Setting } from './parameters.ts';
import { unknownParameter, type Place } from './unknown-parameter.ts';

/**
 * Folders of the system-wide pg_service.conf when PGSYSCONFDIR is unset: libpq has one built in, and it differs by packager
 * (Debian, Red Hat, PostgreSQL's own default).
 */
const SYSTEM_FOLDERS = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/usr/local/pgsql/etc'];

/** libpq reads a line into 1024 bytes with its end and refuses a longer one. */
const LONGEST_LINE = 1022;

export interface ServiceFiles {
  /** `PGSERVICEFILE` or `servicefile`: it must exist. */
  readonly file: string | undefined;
  readonly home: string;
  /** `PGSYSCONFDIR`. */
  readonly systemFolder: string | undefined;
}

/**
 * The settings of one service (https://www.postgresql.org/docs/18/libpq-pgservice.html): from the named file or
 * `~/.pg_service.conf`, and when the service is not in there, from the system's. Fails with config.invalid when no file defines
 * it, a line does not parse or names an unknown parameter.
 */
export async function readService(
  service: string,
  files: ServiceFiles,
  onWarning: (message: string) => void,
): Promise<ReadonlyMap<ParameterName, Setting>> {
  const searched: string[] = [];
  for (const file of await candidates(files)) {
    searched.push(file);
    const found = parseServiceFile(await read(file), service, file, onWarning);
    if (found !== undefined) return found;
  }
  const where = searched.length === 0 ? 'there is no service file' : `not in ${searched.join(', ')}`;
  return fail('config.invalid', `service "${service}" is not defined: ${where}`, {
    hint: `Add a section [${service}] to ~/.pg_service.conf, or name another file in PGSERVICEFILE.`,
  });
}

async function candidates({ file, home, systemFolder }: ServiceFiles): Promise<string[]> {
  const own = join(home, '.pg_service.conf');
  const system = (systemFolder === undefined ? SYSTEM_FOLDERS : [systemFolder]).map((folder) => join(folder, 'pg_service.conf'));
  const optional = await Promise.all(
    (file === undefined ? [own, ...system] : system).map(async (one) => ((await fileExists(one)) ? [one] : [])),
  );
  return [...(file === undefined ? [] : [file]), ...optional.flat()];
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    return fail('config.invalid', `service file ${file} ${missing ? 'does not exist' : 'cannot be read'}`, { cause });
  });
}

/** The first section of that name, its first value of each parameter; undefined when there is no such section. */
export function parseServiceFile(
  text: string,
  service: string,
  file: string,
  onWarning: (message: string) => void,
): Map<ParameterName, Setting> | undefined {
  let settings: Map<ParameterName, Setting> | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const from = `${file}:${index + 1}`;
    if (Buffer.byteLength(raw) > LONGEST_LINE) fail('config.invalid', `${from}: the line is longer than ${LONGEST_LINE} bytes`);
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (settings !== undefined) return settings;
      if (line.startsWith(`[${service}]`)) settings = new Map();
    } else if (settings !== undefined) {
      readLine(line, settings, { from: `service "${service}" in ${from}`, mayBeSecret: false, onWarning });
    }
  }
  return settings;
}

function readLine(line: string, settings: Map<ParameterName, Setting>, place: Place): void {
  const at = line.indexOf('=');
  const name = at < 0 ? '' : line.slice(0, at);
  if (line.startsWith('ldap:')) fail('config.invalid', `${place.from}: LDAP look-up of services is not supported`);
  if (at < 0) fail('config.invalid', `${place.from}: missing "="`, { hint: 'Write name=value, without blanks around "=".' });
  if (name === 'service' || name === 'servicefile') fail('config.invalid', `${place.from}: a service cannot name another one`);
  if (!isParameterName(name)) unknownParameter(name, place);
  else if (!settings.has(name)) settings.set(name, { value: line.slice(at + 1), from: place.from });
}
