// Turns what zod found into one refusal that names the field as the client wrote it: `messages[0].content`.

import type { core } from 'zod';
import type { Refusal } from '../domain/refusal.ts';

type Issue = core.$ZodIssue;

/** `at`: where in the body that which was parsed stands. */
export function firstIssue(issues: readonly Issue[], at: readonly PropertyKey[] = []): Refusal {
  const issue = deepest(issues);
  if (issue === undefined) return { kind: 'invalid-request', message: 'The request is invalid.' };
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const field = fieldName([...path, issue.keys[0] ?? '']);
    return {
      kind: 'invalid-request',
      field,
      message: `Unrecognized request argument: '${field}'.`,
    };
  }
  const field = fieldName(path);
  if (field === '') {
    return { kind: 'invalid-request', message: 'The request body must be a JSON object.' };
  }
  if (issue.message.endsWith('received undefined')) {
    return { kind: 'invalid-request', field, message: `Missing required parameter: '${field}'.` };
  }
  return {
    kind: 'invalid-request',
    field,
    message: `Invalid '${field}': ${sentence(issue.message)}`,
  };
}

export function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`;
    else name += name === '' ? String(step) : `.${String(step)}`;
  }
  return name.slice(0, FIELD_NAME_CHARACTERS_MAX);
}

/** A client can send a key of a megabyte; it is not worth sending back. */
const FIELD_NAME_CHARACTERS_MAX = 200;

/** Of a union's branches the one that got furthest says most: a string where an object's field was wrong says less. */
function deepest(issues: readonly Issue[]): Issue | undefined {
  let best: Issue | undefined;
  for (const issue of issues.map(unwrap)) {
    if (best === undefined || issue.path.length > best.path.length) best = issue;
  }
  return best;
}

function unwrap(issue: Issue): Issue {
  if (issue.code === 'invalid_key') return { ...(issue.issues[0] ?? issue), path: issue.path };
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .map((branch) => deepest(branch))
    .filter((found) => found !== undefined)
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  // A branch that failed at its own root says no more than the union does.
  if (inner === undefined || inner.path.length === 0) return issue;
  return { ...inner, path: [...issue.path, ...inner.path] };
}

function sentence(message: string): string {
  const text = message
    .replace(/^(?:Invalid input|Invalid option|Too big|Too small|Invalid string): /, '')
    .replace(/^Invalid discriminator value\. Expected/, 'expected one of')
    .replaceAll(' | ', ', ')
    .replaceAll('"|"', '", "');
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
