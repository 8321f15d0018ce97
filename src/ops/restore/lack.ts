/** What a server says where it or its machine lacks what a backup needs; none of it says anything of the backup. */
const LACKS: readonly [RegExp, (found: string) => Lack][] = [
  [
    /compression method (lz4) not supported/i,
    (kind) => ({
      message: `the server npm brings was built without ${kind}, with which values of the backup are compressed`,
      hint: `Restore it where PostgreSQL has ${kind} (that of Debian, Red Hat and the official images): dbctl restore --data FOLDER.`,
    }),
  ],
  [
    /compressed with (lz4|zstd) not supported by build/i,
    (kind) => ({
      message: `the server npm brings was built without ${kind.toLowerCase()}, with which the log of the backup is compressed`,
      hint: `Restore it where PostgreSQL has ${kind.toLowerCase()} (that of Debian, Red Hat and the official images): dbctl restore --data FOLDER.`,
    }),
  ],
  [
    /invalid LC_(?:COLLATE|CTYPE) locale name: "(.+?)"/,
    (locale) => ({
      message: `this machine does not have the locale ${locale} of the backup`,
      hint: `Bring it (Debian: a line in /etc/locale.gen and locale-gen), or do this on a machine that has it: locale -a shows them.`,
    }),
  ],
  [
    /(database locale) is incompatible with operating system/,
    () => ({
      message: 'this machine does not have the locale of a database of the backup',
      hint: 'Bring it (datcollate and datctype in pg_database there; Debian: locale-gen), or do this on a machine that has it.',
    }),
  ],
];

export interface Lack {
  readonly message: string;
  readonly hint: string;
}

/** What is lacking, in words for a person; null: the failure is another one. Pure. */
export function lackOf({ message }: Error): Lack | null {
  for (const [form, lack] of LACKS) {
    const found = form.exec(message);
    if (found !== null) return lack(found[1] ?? '');
  }
  return null;
}
