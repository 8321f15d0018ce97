import { HEAD, type BadFile } from './bad-file.ts';

/** Where tables and partitions go as files. */
export const BAD_ARCHIVES: readonly BadFile[] = [
  {
    name: 'two destinations of one name',
    yaml: `${HEAD}archive: {destinations: [{name: a, type: folder, path: b}, {name: a, type: folder, path: c}]}\n`,
    problems: ['dbctl.yaml:3:67: archive.destinations[1].name: "a" is listed twice'],
    beyondSchema: true,
  },
  {
    name: 'a format of archives there is not',
    yaml: `${HEAD}archive: {format: parkett}\n`,
    problems: ['dbctl.yaml:3:19: archive.format: expected one of csv.gz, parquet, found the text "parkett"'],
  },
  {
    name: 'a writer of Parquet there is not',
    yaml: `${HEAD}archive: {parquet_writer: DuckDB}\n`,
    problems: [
      'dbctl.yaml:3:27: archive.parquet_writer: expected one of built-in, duckdb, found the text "DuckDB": did you mean duckdb',
    ],
  },
  {
    name: 'a lock that ends before an archive may go',
    yaml: `${HEAD}archive: {retain_days: 400, destinations: [{name: a, type: s3, bucket: lab, region: eu, lock: {mode: compliance, days: 30}}]}\n`,
    problems: ['dbctl.yaml:3:120: archive.destinations[0].lock.days: the lock of a ends after 30 days, and retain_days says 400'],
    beyondSchema: true,
  },
  {
    name: 'a lock of an overlay that ends before an archive of the file may go',
    yaml: `${HEAD}archive: {retain_days: 400}\nenvironments:\n  dev: {}\n  prod:\n    overlay:\n      archive:\n        destinations: [{name: a, type: s3, bucket: lab, region: eu, lock: {mode: compliance, days: 30}}]\n`,
    problems: ['dbctl.yaml:9:9: archive.destinations: the lock of a ends after 30 days, and retain_days says 400'],
    beyondSchema: true,
  },
  {
    name: 'a recipient of archives that is a private key',
    yaml: `${HEAD}archive: {encryption: {recipients: [AGE-SECRET-KEY-1X]}}\n`,
    problems: ['dbctl.yaml:3:37: archive.encryption.recipients[0]: a private key stands in the file'],
    secret: true,
  },
];
