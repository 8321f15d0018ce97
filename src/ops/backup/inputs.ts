import type { Progress } from '../../core/progress.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { Signer } from '../signing/signer.ts';
import type { Repository } from './repository.ts';

/** What every backup is made with, whatever its type. */
export interface BackupInputs {
  readonly repository: Repository;
  readonly target: ConnectionTarget;
  readonly signer: Signer;
  readonly project: string;
  readonly environment: string;
  readonly operator: string;
  readonly dbctl: string;
  readonly clock: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}
