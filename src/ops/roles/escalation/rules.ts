import { ATTRIBUTE_RULES } from './attributes.ts';
import { CREATION_RULES } from './creation.ts';
import { DEFAULT_PRIVILEGE_RULES } from './defaults.ts';
import { FOREIGN_RULES } from './foreign.ts';
import { GRANTOR_RULES } from './grantors.ts';
import { LARGE_OBJECT_RULES } from './large-objects.ts';
import { LOGIN_RULES } from './logins.ts';
import { MEMBERSHIP_RULES } from './memberships.ts';
import type { Rule } from './model.ts';
import { OWNERSHIP_RULES } from './ownership.ts';
import { PARAMETER_RULES } from './parameters.ts';
import { POLICY_RULES } from './policies.ts';
import { PREDEFINED_RULES } from './predefined.ts';
import { RELATION_RULES } from './relations.ts';
import { ROUTINE_RULES } from './routines.ts';
import { SECRET_RULES } from './secrets.ts';
import { SYSTEM_OBJECT_RULES } from './system-objects.ts';
import { TRIGGER_RULES } from './triggers.ts';
import { VIEW_RULES } from './views.ts';

/** Everything that is looked for, by its subject. */
export const RULES: readonly Rule[] = [
  ...MEMBERSHIP_RULES,
  ...ATTRIBUTE_RULES,
  ...CREATION_RULES,
  ...OWNERSHIP_RULES,
  ...TRIGGER_RULES,
  ...ROUTINE_RULES,
  ...VIEW_RULES,
  ...POLICY_RULES,
  ...RELATION_RULES,
  ...PREDEFINED_RULES,
  ...SYSTEM_OBJECT_RULES,
  ...LARGE_OBJECT_RULES,
  ...FOREIGN_RULES,
  ...DEFAULT_PRIVILEGE_RULES,
  ...PARAMETER_RULES,
  ...GRANTOR_RULES,
  ...SECRET_RULES,
  ...LOGIN_RULES,
];
