import * as z from 'zod';
import { drill } from './drill.ts';
import { path } from './forms.ts';
import { signer, verifierKeys } from './ledger.ts';
import { hooks, notify } from './notices.ts';
import { repository } from './repository.ts';
import { duration, kinds, section, wholeNumber } from './values.ts';

const keep = section({
  last: wholeNumber(1, 10_000).prefault(1).describe('The newest backups, at least this many, however old.'),
  daily: wholeNumber(0, 10_000).prefault(7).describe('The newest of each of this many days that have one (UTC).'),
  weekly: wholeNumber(0, 10_000).prefault(0).describe('The newest of each of this many weeks (ISO 8601).'),
  monthly: wholeNumber(0, 10_000).prefault(0).describe('The newest of each of this many months.'),
  yearly: wholeNumber(0, 10_000).prefault(0).describe('The newest of each of this many years.'),
});

export const backup = section({
  programs: path()
    .optional()
    .describe('Folder of pg_dump and the other client programs; default: the newest that fit, on PATH and in the usual folders.'),
  repositories: z
    .array(repository, { error: 'expected a list of repositories' })
    .check((payload) => {
      payload.value.forEach(({ name }, index) => {
        if (payload.value.findIndex((one) => one.name === name) === index) return;
        const message = `${JSON.stringify(name)} is listed twice`;
        payload.issues.push({ code: 'custom', input: name, path: [index, 'name'], message });
      });
    })
    .register(kinds, { name: 'list of mappings', reads: 'list' })
    .prefault([])
    .describe('Places backups are kept; the first is the one restores come from unless another is named.'),
  signer: signer.optional().describe('The key manifests are signed with; default: that of ledger.signer.'),
  public_keys: verifierKeys().describe('Keys whose manifests are good; default: those of the ledger, or the key of the signer.'),
  keep: keep.prefault({}).describe('What backup prune leaves.'),
  max_age: duration().prefault('26h').describe('How old the newest backup may be before backup status says no.'),
  drill_days: wholeNumber(1, 3_650)
    .prefault(100)
    .describe('How many days ago the newest passed drill may be before backup status says no.'),
  drill: drill.prefault({}).describe('What a drill asks of a restored backup.'),
  jobs: wholeNumber(1, 64).prefault(2).describe('Sessions that dump or restore at the same time.'),
  lock_wait: duration().prefault('30s').describe('How long pg_dump waits for a table somebody is altering.'),
  hooks: hooks.prefault({}).describe('Programs around backup create, drill, sync and prune.'),
  notify: notify(),
});
