import { item, type Item, type Severity } from '../../core/report.ts';

/** One thing doctor looked at, and how it was. */
export function healthy(id: string, object: string, message: string): Item {
  return item({ id, object, message });
}

/** Something that stops a command of dbctl from working; `fix` is the next act. */
export function ill(id: string, object: string, severity: Severity, message: string, fix: string | null): Item {
  return item({ id, object, status: 'fail', severity, message, fix });
}

/** Something that could not be looked at, with the reason. */
export function unseen(id: string, object: string, message: string, fix: string | null): Item {
  return item({ id, object, status: 'unknown', severity: 'low', message, fix });
}

/** Something that is not there and need not be. */
export function absent(id: string, object: string, message: string): Item {
  return item({ id, object, status: 'skipped', message });
}
