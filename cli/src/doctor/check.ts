// What a look at the machine finds: well, or not and what to do about it.

export type Check =
  | { readonly ok: true; readonly name: string; readonly detail: string }
  | { readonly ok: false; readonly name: string; readonly detail: string; readonly remedy: string };

export function well(name: string, detail: string): Check {
  return { ok: true, name, detail };
}

export function ill(name: string, detail: string, remedy: string): Check {
  return { ok: false, name, detail, remedy };
}
