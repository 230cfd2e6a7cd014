// Which models a key may call. A list names them; without one it is every model that is on sale. The lists of a project and
// of its key both hold, so that neither can give what the other does not.

/** Absent: every model. Empty: none. */
export type ModelList = readonly string[] | undefined;

/** What both lists allow; absent: every model. */
export function allowedByBoth(project: ModelList, key: ModelList): ReadonlySet<string> | undefined {
  if (project === undefined) return key && new Set(key);
  if (key === undefined) return new Set(project);
  const ofProject = new Set(project);
  return new Set(key.filter((model) => ofProject.has(model)));
}

export function mayCall(
  { models }: { readonly models?: ReadonlySet<string> },
  model: string,
): boolean {
  return models === undefined || models.has(model);
}
