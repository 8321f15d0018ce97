// Apart from what needs vitest: a process that is killed runs without.
import type { HotPlace } from '../../../src/ops/blobs/hot.ts';
import type { BlobRule } from '../../../src/ops/retention/settings.ts';
import { folderStorage } from '../../../src/ops/storage/folder.ts';

export const SESSION = {
  access: 'write',
  settings: { row_security: 'off', timezone: 'UTC', datestyle: 'ISO' },
} as const;

export const RULE: BlobRule = {
  then: 'move-blobs',
  name: 'proofs',
  schema: 'public',
  table: 'proof',
  keep: '180 days',
  by: 'created_at',
  where: null,
  batch: 100,
  pauseMs: 0,
  maxTimeMs: 0,
  maxLagBytes: 1 << 30,
  basis: 'a test',
  columns: { location: 'location', sha256: 'sha256', bytes: 'size_bytes' },
  from: [],
  destination: 'cold',
  retain: '7 years',
};

export const folderPlace = (name: string, root: string): HotPlace => ({
  name,
  address: { kind: 'folder', root },
  storage: folderStorage(root),
});
