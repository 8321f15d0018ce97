/**
 * Parameters whose value is a list of names, each of which the server quotes by itself where it has to (GUC_LIST_QUOTE; pg_dump has the same
 * list in variable_is_guc_list_quote(), dumputils.c). Of others the text is kept as it was written.
 */
const LISTS: ReadonlySet<string> = new Set([
  'search_path',
  'temp_tablespaces',
  'local_preload_libraries',
  'session_preload_libraries',
  'shared_preload_libraries',
  'unix_socket_directories',
]);

/** What a number without a unit counts, of parameters a role is usually given (unit of pg_settings). */
const UNITS: Readonly<Record<string, string>> = {
  statement_timeout: 'ms',
  lock_timeout: 'ms',
  idle_in_transaction_session_timeout: 'ms',
  idle_session_timeout: 'ms',
  transaction_timeout: 'ms',
  deadlock_timeout: 'ms',
  log_min_duration_statement: 'ms',
  work_mem: 'kB',
  maintenance_work_mem: 'kB',
};

/** The parts of a value that SET takes as a list; null where it takes one value. An empty list is one empty name: no schema at all. */
export function listParts(name: string, value: string): readonly string[] | null {
  if (!LISTS.has(name.toLowerCase())) return null;
  const parts = [...value.matchAll(/"((?:[^"]|"")*)"|([^",\s][^",]*)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '').trim().toLowerCase() : quoted.replaceAll('""', '"'),
  );
  return parts.length === 0 ? [''] : parts;
}

/** Whether two texts are one value of a parameter: `on` is `true`, `1min` is `60s`, `"$user",public` is `"$user", public`. */
export function sameSetting(name: string, first: string | undefined, second: string | undefined): boolean {
  if (first === undefined || second === undefined) return first === second;
  return first === second || canonical(name.toLowerCase(), first) === canonical(name.toLowerCase(), second);
}

function canonical(name: string, value: string): string {
  // What a parameter of an application means is for the application to say.
  if (name.includes('.')) return value;
  const parts = listParts(name, value);
  if (parts !== null) return JSON.stringify(parts);
  const text = value.trim();
  const word = SWITCHES[text.toLowerCase()];
  if (word !== undefined && UNITS[name] === undefined) return word;
  return amount(/^-?\d+$/.test(text) ? `${text}${UNITS[name] ?? ''}` : text) ?? value;
}

const SWITCHES: Readonly<Record<string, string>> = {
  on: 'on',
  true: 'on',
  yes: 'on',
  1: 'on',
  off: 'off',
  false: 'off',
  no: 'off',
  0: 'off',
};

/** In microseconds, and in bytes; the units are those of guc.c, whose case counts. */
const AMOUNTS: Readonly<Record<string, readonly [factor: number, of: string]>> = {
  us: [1, 'us'],
  ms: [1e3, 'us'],
  s: [1e6, 'us'],
  min: [6e7, 'us'],
  h: [3.6e9, 'us'],
  d: [8.64e10, 'us'],
  B: [1, 'B'],
  kB: [1024, 'B'],
  MB: [1024 ** 2, 'B'],
  GB: [1024 ** 3, 'B'],
  TB: [1024 ** 4, 'B'],
};

function amount(value: string): string | undefined {
  const [, number = '', unit = ''] = /^(-?\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/.exec(value) ?? [];
  const [factor, of] = AMOUNTS[unit] ?? [0, ''];
  return of === '' ? undefined : `${Number(number) * factor}${of}`;
}
