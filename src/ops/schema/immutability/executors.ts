/** Roles that are named in dbctl.yaml for something. */
export interface GovernedRoles {
  /** Owner of the protected tables. */
  readonly owner: string;
  readonly partitionCreators: readonly string[];
  readonly unlockers: readonly string[];
  readonly archivers: readonly string[];
  readonly archiveVerifiers: readonly string[];
}

/**
 * Who may call which governed function besides its owner; for the others nobody, or everybody. Those of the owner of the tables call some of
 * dbctl_guard's on their way. Pure.
 */
export function executorsOf(roles: GovernedRoles): Readonly<Record<string, readonly string[]>> {
  const { owner, partitionCreators, unlockers, archivers, archiveVerifiers } = roles;
  return {
    create_partition: partitionCreators,
    request_unlock: unlockers,
    approve_unlock: unlockers,
    use_unlock: unlockers,
    unlock_for_migration: unlockers,
    fence_partition: archivers,
    unfence_partition: archivers,
    keep_rows: archivers,
    record_segment: archivers,
    remove_partition: archivers,
    removal_problem: [...new Set([...archivers, ...archiveVerifiers])],
    return_partition: archivers,
    return_problem: archivers,
    verify_segment: archiveVerifiers,
    record_blob_copy: archivers,
    record_blob_removal: archivers,
    record_blob_return: archivers,
    // Nobody apart from the one who copies is named: then their own word has to do, and dbctl.blob_removal_problem() takes it.
    verify_blob: archiveVerifiers.length === 0 ? archivers : archiveVerifiers,
    archive_permit: [owner],
    end_archive_permit: [owner],
    require_old: [owner],
    hold_conditions: [owner],
    require_removable: [owner],
    finish_removal: [owner],
    require_returnable: [owner],
    return_permit: [owner],
    register_return: [owner],
    record_return: [owner],
  };
}
