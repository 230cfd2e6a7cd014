// Form encoding with brackets, as Stripe's API takes it: `a[b]=1&list[0]=x` to { a: { b: '1' }, list: ['x'] }.

export type FormValue = string | { [name: string]: FormValue };
export type Form = { [name: string]: FormValue };

export function readForm(text: string): Form {
  const form: Form = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const steps = name.split(/[[\]]+/).filter((step) => step !== '');
    const last = steps.pop() ?? name;
    let at = form;
    for (const step of steps) {
      const inner = at[step];
      const next: Form = typeof inner === 'object' ? inner : {};
      at[step] = next;
      at = next;
    }
    at[last] = value;
  }
  return form;
}

export function textIn(form: Form | undefined, name: string): string | undefined {
  const value = form?.[name];
  return typeof value === 'string' ? value : undefined;
}

export function formIn(form: Form | undefined, name: string): Form | undefined {
  const value = form?.[name];
  return typeof value === 'object' ? value : undefined;
}

/** Indices or not: `expand[0]=a&expand[1]=b`. */
export function listIn(form: Form | undefined, name: string): readonly string[] {
  return Object.values(formIn(form, name) ?? {}).filter((value) => typeof value === 'string');
}

export function numberIn(form: Form | undefined, name: string): number | undefined {
  const text = textIn(form, name);
  return text === undefined ? undefined : Number(text);
}

/** Its texts: metadata. */
export function textsIn(form: Form | undefined, name: string): { [name: string]: string } {
  const texts: { [name: string]: string } = {};
  for (const [key, value] of Object.entries(formIn(form, name) ?? {})) {
    if (typeof value === 'string') texts[key] = value;
  }
  return texts;
}
