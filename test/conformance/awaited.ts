// Cells of the matrix that are known to fail, each with what it waits for. One that passes must be taken out.

export const AWAITED: readonly { readonly cell: RegExp; readonly why: string }[] = [
  {
    cell: /^(openai chat (multi-turn|tool auto|tool forced|tools in parallel|reasoning) \w+ stream)$/,
    why: 'fields that the client adds to what it replays',
  },
  { cell: /^agents chat (multi-turn|reasoning) /, why: 'fields that the client replays' },
  { cell: /^ai openai-compatible reasoning /, why: '`reasoning_content` in the input' },
];
