import { fail } from '../core/errors.ts';
import { originText, type Origin } from '../config/origin.ts';
import type { Context } from './context.ts';

/** Where the pin of an environment is written. */
export interface PinPlace {
  readonly pin: string;
  /** Absolute; null: it is written nowhere. */
  readonly file: string | null;
  readonly folder: string;
  /** Of the key, in the file; null: it comes from elsewhere. */
  readonly path: readonly string[] | null;
  readonly from: string;
  /** Files that follow it. */
  readonly followers: readonly string[];
}

/** Fails with config.invalid. */
export async function pinPlace(context: Context): Promise<PinPlace> {
  const { config, file, folder, origins } = await context.config();
  const origin: Origin = origins.get('postgres.version') ?? { kind: 'default' };
  const key = ['postgres', 'version'];
  const path =
    origin.kind === 'file' ? key : origin.kind === 'overlay' ? ['environments', context.globals.env, 'overlay', ...key] : null;
  const { version: pin, pinned_in: followers } = config.postgres;
  return { pin, file, folder, path, from: originText(origin), followers };
}

/** Where it can be changed. Fails with refused where no line of dbctl.yaml holds it. */
export function requirePlace({ file, path, from }: PinPlace): { file: string; path: readonly string[] } {
  if (file !== null && path !== null) return { file, path };
  return fail('refused', `the pin is not written in dbctl.yaml: it comes from ${from}`, {
    hint: 'Write postgres: {version: "18.2"} into dbctl.yaml; it is the one place that is changed.',
  });
}
