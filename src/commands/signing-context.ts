import type { Config } from '../config/config.ts';
import { fail } from '../core/errors.ts';
import type { Signer, SignerSettings } from '../ops/signing/signer.ts';
import type { Context } from './context.ts';

/** What backups, drills and access reviews are signed with, and checked. */
export interface ProjectKeys {
  readonly publicKeys: readonly string[];
  /** Fails with config.invalid where dbctl.yaml names no key, with refused where it cannot be used. */
  signer(): Promise<Signer>;
}

/** The keys of `backup`, else those of `ledger`. `what` is signed, and `key` is where its signer would be named. */
export async function projectKeys(
  context: Context,
  { what, key }: { readonly what: string; readonly key: string },
): Promise<ProjectKeys> {
  const { config } = await context.config();
  const settings = await signerSettings(config);
  const signer = () =>
    settings === null
      ? fail('config.invalid', `dbctl.yaml names no key to sign ${what} with`, {
          hint: `Make one with dbctl ledger key FILE, and name it under ${key}.`,
        })
      : openKey(settings, context);
  const own = config.backup.public_keys;
  const listed = own.length > 0 ? own : config.ledger.public_keys;
  return { publicKeys: listed.length > 0 ? listed : await ownKey(signer), signer };
}

async function signerSettings(config: Config): Promise<SignerSettings | null> {
  const { ledgerSettings } = await import('../ops/ledger/settings.ts');
  const { signer, public_keys: publicKeys } = config.backup;
  if (signer === undefined) return ledgerSettings(config).signer;
  return ledgerSettings({ ledger: { ...config.ledger, signer, public_keys: publicKeys } }).signer;
}

async function openKey(settings: SignerSettings, context: Context): Promise<Signer> {
  const { openSigner } = await import('../ops/signing/signer.ts');
  const { folder } = await context.config();
  return openSigner(settings, { variables: context.variables, folder, signal: context.signal });
}

/** Before a project has listed its public keys, the key it signs with is trusted, where it is at hand. */
async function ownKey(signer: () => Promise<Signer>): Promise<readonly string[]> {
  try {
    return [(await signer()).verifierKey];
  } catch {
    return [];
  }
}
