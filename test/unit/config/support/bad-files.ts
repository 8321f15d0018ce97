import type { BadFile } from './bad-file.ts';
import { BAD_DOCUMENTS } from './bad-documents.ts';
import { BAD_RECORDS } from './bad-records.ts';
import { BAD_ARCHIVES } from './bad-archives.ts';
import { BAD_BACKUPS } from './bad-backups.ts';
import { BAD_COSTS } from './bad-costs.ts';
import { BAD_KEYS } from './bad-keys.ts';
import { BAD_VALUES } from './bad-values.ts';
import { BAD_ENVIRONMENTS } from './bad-environments.ts';
import { BAD_SECRETS } from './bad-secrets.ts';

/** Every broken dbctl.yaml. */
export const BAD_FILES: readonly BadFile[] = [
  ...BAD_DOCUMENTS,
  ...BAD_RECORDS,
  ...BAD_BACKUPS,
  ...BAD_ARCHIVES,
  ...BAD_COSTS,
  ...BAD_KEYS,
  ...BAD_VALUES,
  ...BAD_ENVIRONMENTS,
  ...BAD_SECRETS,
];
