// What clients of Responses may ask to have included. What there is of it always comes, but for log probabilities and sealed
// reasoning; what belongs to tools that are not served is known and brings nothing. Source: OpenAI's published OpenAPI
// document, schema IncludeEnum.

const KNOWN: ReadonlySet<string> = new Set([
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
]);

/** By their paths. */
export function unknownIncludes(include: readonly string[] | null | undefined): readonly string[] {
  return (include ?? []).flatMap((wanted, index) =>
    KNOWN.has(wanted) ? [] : [`include[${index}]`],
  );
}

/** `include[]=a&include[]=b`, as the official client writes it, or with `include` alone. */
export function unknownInQuery(query: URLSearchParams): readonly string[] {
  return unknownIncludes([...query].flatMap(([name, value]) => (NAME.test(name) ? [value] : [])));
}

const NAME = /^include(?:\[\d*\])?$/;
