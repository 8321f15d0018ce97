import type { DatabaseFunction } from '../immutability/function.ts';
import { RETURN_CHECKS } from './return-checks.ts';
import { RETURN_ACTS } from './returns.ts';

/** Those that others call first. */
export const RETURN_FUNCTIONS: readonly DatabaseFunction[] = [...RETURN_CHECKS, ...RETURN_ACTS];
