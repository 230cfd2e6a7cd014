// Whether what was answered is valid against the schema that was asked for: JSON against `response_format`, and the
// arguments of each call against its tool. The engine's grammar promises it of every answer that was not cut.

import { Ajv } from 'ajv';

import { parsed, type Answer } from './judge.ts';

export type Asked = {
  readonly tools?: readonly {
    readonly function: { readonly name: string; readonly parameters: object };
  }[];
  readonly response_format?: { readonly json_schema?: { readonly schema: object } };
};

const ajv = new Ajv({ strict: false });

/** One verdict for each thing of the answer that a schema speaks of. */
export function verdicts(request: Asked, answer: Answer): boolean[] {
  if (answer.cut === true) return [];
  const schema = request.response_format?.json_schema?.schema;
  const written = schema === undefined ? [] : [ajv.validate(schema, parsed(answer.text))];
  const called = answer.calls.map((call) => {
    const tool = request.tools?.find((one) => one.function.name === call.name);
    return tool !== undefined && ajv.validate(tool.function.parameters, call.arguments);
  });
  return [...written, ...called];
}
