import type { DatabaseFunction } from '../immutability/function.ts';
import { COPY_FUNCTIONS } from './copies.ts';
import { FENCE_FUNCTIONS } from './fence.ts';
import { HOLD_FUNCTIONS } from './holds.ts';
import { KEEP_FUNCTIONS } from './keep.ts';
import { REMOVAL_FUNCTIONS } from './removal.ts';
import { ROWS_HASH } from './rows.ts';

/** Those that others call first. */
export const ARCHIVE_FUNCTIONS: readonly DatabaseFunction[] = [
  ROWS_HASH,
  ...FENCE_FUNCTIONS,
  ...KEEP_FUNCTIONS,
  ...COPY_FUNCTIONS,
  ...HOLD_FUNCTIONS,
  ...REMOVAL_FUNCTIONS,
];
