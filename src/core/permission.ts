import { DomainError } from '#kernel/errors';
import type { Action, Scope } from '#kernel/scope';

/** Throws `forbidden` unless the scope's role allows the action. */
export function permit(scope: Scope, action: Action): void {
  if (scope.can(action)) return;
  throw new DomainError('forbidden', 'Your role does not allow this.', {
    internal: `role ${scope.role} may not ${action}`,
  });
}
