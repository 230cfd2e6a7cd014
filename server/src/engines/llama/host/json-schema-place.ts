// Places in a JSON Schema, as JSON pointers name them.

/** Where a value stands: for the problem's path, and against endless ones. */
export type Place = {
  readonly path: string;
  readonly depth: number;
  /** References followed since the last object or array began. */
  readonly followed: readonly string[];
};

export function at(place: Place, step: string | number): Place {
  const escaped = String(step).replaceAll('~', '~0').replaceAll('/', '~1');
  return { ...place, path: `${place.path}/${escaped}` };
}

export function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

/** A step of a JSON pointer as it stands in a reference. */
export function unescaped(step: string): string {
  const decoded = /%[0-9a-f]{2}/iu.test(step) ? safelyDecoded(step) : step;
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}

function safelyDecoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** A place within the schema that stands at `field`, as a path of the request: `tools[0].parameters.properties.city`. */
export function fieldOf(field: string, path: string): string {
  const steps = path.split('/').slice(1);
  let name = field;
  for (const step of steps) name += /^\d+$/u.test(step) ? `[${step}]` : `.${unescaped(step)}`;
  return name.slice(0, FIELD_CHARACTERS_MAX);
}

const FIELD_CHARACTERS_MAX = 120;
